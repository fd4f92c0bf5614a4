// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import WorkerModel

/// Ranges as npm has them: a row is a range, versions inside it and versions outside it.
struct VersionRequirementTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var range: String
        var inside: [String]
        var outside: [String]

        init(_ range: String, in inside: [String], out outside: [String]) {
            self.range = range
            self.inside = inside
            self.outside = outside
        }

        var testDescription: String { "`\(range)`" }
    }

    static let carets = [
        Row("^1.2.3", in: ["1.2.3", "1.2.4", "1.99.0"], out: ["1.2.2", "2.0.0", "2.0.0-rc.1", "1.3.0-rc.1", "0.9.9"]),
        Row("^1.2", in: ["1.2.0", "1.9.9"], out: ["1.1.9", "2.0.0"]),
        Row("^1", in: ["1.0.0", "1.9.9"], out: ["0.9.9", "2.0.0"]),
        Row("^1.x", in: ["1.0.0", "1.9.9"], out: ["2.0.0"]),
        Row("^0.2.3", in: ["0.2.3", "0.2.9"], out: ["0.2.2", "0.3.0", "1.0.0"]),
        Row("^0.2", in: ["0.2.0", "0.2.9"], out: ["0.1.9", "0.3.0"]),
        Row("^0.0.3", in: ["0.0.3"], out: ["0.0.2", "0.0.4", "0.1.0"]),
        Row("^0.0", in: ["0.0.0", "0.0.9"], out: ["0.1.0"]),
        Row("^0.0.x", in: ["0.0.0", "0.0.9"], out: ["0.1.0"]),
        Row("^0", in: ["0.0.0", "0.9.9"], out: ["1.0.0"]),
        Row("^0.x", in: ["0.0.0", "0.9.9"], out: ["1.0.0"]),
        Row("^*", in: ["0.0.0", "9.9.9"], out: ["1.0.0-rc.1"]),
        Row("^ 1.2.3", in: ["1.2.3"], out: ["2.0.0"]),
        Row("^v1.2.3", in: ["1.2.3"], out: ["2.0.0"]),
    ]

    static let tildes = [
        Row("~1.2.3", in: ["1.2.3", "1.2.9"], out: ["1.2.2", "1.3.0", "1.3.0-0"]),
        Row("~1.2", in: ["1.2.0", "1.2.9"], out: ["1.3.0"]),
        Row("~1", in: ["1.0.0", "1.9.9"], out: ["2.0.0"]),
        Row("~0.2.3", in: ["0.2.3", "0.2.9"], out: ["0.3.0"]),
        Row("~0", in: ["0.0.0", "0.9.9"], out: ["1.0.0"]),
        Row("~>1.2.3", in: ["1.2.3", "1.2.9"], out: ["1.3.0"]),
        Row(
            "~1.2.3-rc.2",
            in: ["1.2.3-rc.2", "1.2.3-rc.10", "1.2.3", "1.2.9"],
            out: ["1.2.3-rc.1", "1.2.4-rc.3", "1.3.0"]
        ),
    ]

    static let wildcards = [
        Row("*", in: ["0.0.0", "99.0.0"], out: ["1.0.0-rc.1"]),
        Row("", in: ["0.0.0", "99.0.0"], out: ["1.0.0-rc.1"]),
        Row("  ", in: ["1.0.0"], out: ["1.0.0-rc.1"]),
        Row("x", in: ["1.0.0"], out: []),
        Row("X", in: ["1.0.0"], out: []),
        Row("1", in: ["1.0.0", "1.9.9"], out: ["0.9.9", "2.0.0", "2.0.0-0"]),
        Row("1.x", in: ["1.0.0", "1.9.9"], out: ["2.0.0"]),
        Row("1.2", in: ["1.2.0", "1.2.9"], out: ["1.1.9", "1.3.0"]),
        Row("1.2.*", in: ["1.2.0", "1.2.9"], out: ["1.3.0"]),
        Row("=1.2", in: ["1.2.0", "1.2.9"], out: ["1.3.0"]),
        Row("0.x", in: ["0.0.0", "0.9.9"], out: ["1.0.0"]),
        Row("*.1.2", in: ["0.0.0", "7.8.9"], out: []),
        Row("1.x.3", in: ["1.0.0", "1.9.9"], out: ["2.0.0"]),
    ]

    static let comparators = [
        Row("1.2.3", in: ["1.2.3", "1.2.3+build"], out: ["1.2.4", "1.2.3-rc.1"]),
        Row("=1.2.3", in: ["1.2.3"], out: ["1.2.4"]),
        Row("v1.2.3", in: ["1.2.3"], out: ["1.2.4"]),
        Row("1.2.3+build.7", in: ["1.2.3", "1.2.3+other"], out: ["1.2.4"]),
        Row(">1.2.3", in: ["1.2.4", "2.0.0"], out: ["1.2.3", "1.2.4-rc.1"]),
        Row(">=1.2.3", in: ["1.2.3", "2.0.0"], out: ["1.2.2"]),
        Row("<1.2.3", in: ["1.2.2", "0.0.0"], out: ["1.2.3", "1.2.3-rc.1"]),
        Row("<=1.2.3", in: ["1.2.3", "0.0.0"], out: ["1.2.4"]),
        Row(">1.2", in: ["1.3.0"], out: ["1.2.0", "1.2.9"]),
        Row(">1", in: ["2.0.0"], out: ["1.9.9"]),
        Row(">=1.2", in: ["1.2.0"], out: ["1.1.9"]),
        Row("<1.2", in: ["1.1.9"], out: ["1.2.0"]),
        Row("<=1.2", in: ["1.2.9"], out: ["1.3.0"]),
        Row("<=1", in: ["1.9.9"], out: ["2.0.0"]),
        Row(">= 1.2.3", in: ["1.2.3"], out: ["1.2.2"]),
        Row(">=1.2.3 <2", in: ["1.2.3", "1.9.9"], out: ["1.2.2", "2.0.0"]),
        Row(">=1 <3 >1.5.0", in: ["1.5.1", "2.9.9"], out: ["1.5.0", "3.0.0"]),
        Row(">1.0.0\t<1.0.2", in: ["1.0.1"], out: ["1.0.0", "1.0.2"]),
        Row("<1.0.0 >2.0.0", in: [], out: ["0.5.0", "1.5.0", "3.0.0"]),
        Row(">*", in: [], out: ["0.0.0", "9.9.9"]),
        Row("<*", in: [], out: ["0.0.0", "9.9.9"]),
        Row(">=*", in: ["0.0.0", "9.9.9"], out: []),
    ]

    static let hyphens = [
        Row("1.2.3 - 2.3.4", in: ["1.2.3", "2.3.4"], out: ["1.2.2", "2.3.5"]),
        Row("1.2 - 2.3.4", in: ["1.2.0", "2.3.4"], out: ["1.1.9", "2.3.5"]),
        Row("1.2.3 - 2.3", in: ["1.2.3", "2.3.9"], out: ["2.4.0"]),
        Row("1.2.3 - 2", in: ["1.2.3", "2.9.9"], out: ["3.0.0", "3.0.0-0"]),
        Row("1.2.3  -  2", in: ["2.0.0"], out: ["3.0.0"]),
        Row("* - 2", in: ["0.0.0", "2.9.9"], out: ["3.0.0"]),
        Row("1 - *", in: ["1.0.0", "9.9.9"], out: ["0.9.9"]),
        Row("1 - 2 || 4 - 5", in: ["1.0.0", "2.9.9", "4.0.0", "5.9.9"], out: ["3.0.0", "6.0.0"]),
    ]

    static let alternatives = [
        Row("^1 || ^3", in: ["1.5.0", "3.5.0"], out: ["2.0.0", "4.0.0"]),
        Row("^1||^3||5.0.0", in: ["1.5.0", "5.0.0"], out: ["5.0.1"]),
        Row("<1 || >=2 <3", in: ["0.9.0", "2.5.0"], out: ["1.5.0", "3.0.0"]),
        Row("1.0.0 ||", in: ["1.0.0", "7.0.0"], out: []),
        Row("||", in: ["1.0.0"], out: []),
    ]

    /// A pre-release is inside only where a comparator names a pre-release of the same three numbers.
    static let prereleases = [
        Row(
            "^1.2.3-rc.2",
            in: ["1.2.3-rc.2", "1.2.3-rc.10", "1.2.3", "1.9.9"],
            out: ["1.2.3-rc.1", "1.2.4-rc.3", "2.0.0-rc.1"]
        ),
        Row(">1.2.3-alpha.3", in: ["1.2.3-alpha.7", "1.2.3-beta", "3.4.5"], out: ["1.2.3-alpha.3", "3.4.5-alpha.9"]),
        Row(">=1.2.3-a <1.2.4-b", in: ["1.2.3-a", "1.2.3", "1.2.4-a"], out: ["1.2.4-b", "1.2.4"]),
        Row("<2.0.0-rc.1", in: ["1.9.9", "2.0.0-rc.0"], out: ["2.0.0-rc.1", "1.9.9-rc.1"]),
        Row("1.0.0-rc.1", in: ["1.0.0-rc.1"], out: ["1.0.0-rc.2", "1.0.0"]),
        Row("^0.3.4-rc.1", in: ["0.3.4-rc.1", "0.3.4", "0.3.9"], out: ["0.3.5-rc.1", "0.4.0", "0.3.3"]),
        Row("^2 || ^1.0.0-rc.1", in: ["1.0.0-rc.5", "2.1.0"], out: ["2.1.0-rc.1"]),
    ]

    @Test(arguments: carets + tildes + wildcards + comparators + hyphens + alternatives + prereleases)
    func admitsWhatLiesInside(_ row: Row) throws {
        let range = try VersionRequirement(parsing: row.range)
        for text in row.inside { #expect(range.admits(try SemanticVersion(parsing: text)), "\(text) is inside") }
        for text in row.outside { #expect(!range.admits(try SemanticVersion(parsing: text)), "\(text) is outside") }
    }

    @Test(arguments: [
        ("latest", 1), ("^", 2), ("^latest", 2), ("1.2.3.4", 6), ("1.2.", 5), ("1..2", 3), ("^01.2.3", 2),
        ("1.2.03", 5), ("1.2-beta", 4), ("1.2.3-", 7), ("1.2.3-01", 7), ("1.2.3 | 2", 7), (">>1", 2), ("==1", 2),
        ("1,2", 2), ("^1 ||| ^2", 6), ("1.2.3- 2", 7), ("1.2.3 -2", 8), ("1 - 2 3", 7), ("1 2 - 3", 3), ("!1", 1),
        ("1.0.0\n2.0.0", 6), ("^18446744073709551615.0.0", 1), ("99999999999999999999", 1), ("~1.2.3~", 7),
        ("https://example.com", 1), ("file:../a", 1),
    ])
    func refusesWhatIsNoRange(_ text: String, position: Int) {
        let error = #expect(throws: VersionError.self) { try VersionRequirement(parsing: text) }
        #expect(error?.position == position, "\(error?.message ?? "")")
        #expect(error?.subject == .range)
    }

    @Test func refusesTextBeyondTheLongestVersion() {
        let many = Array(repeating: "1.0.0", count: 60).joined(separator: "||")
        #expect(throws: VersionError.self) { try VersionRequirement(parsing: many) }
    }

    @Test(arguments: [
        ("  ^1.2 ", "^1.2"), ("^1.2\n", "^1.2"), ("", "*"), (" ", "*"), (">=1  <2", ">=1  <2"), ("x", "x"),
    ])
    func keepsTheTextAsItWasWritten(_ text: String, kept: String) throws {
        #expect(try VersionRequirement(parsing: text).description == kept)
    }

    @Test(arguments: [
        ("1.2.3", "1.2.3"), ("=1.2.3", "1.2.3"), ("v1.2.3-rc.1", "1.2.3-rc.1"), ("1.2", nil), ("^1.2.3", nil),
        ("1.2.3 || 1.2.4", nil), ("*", nil), ("1.2.3 1.2.3", nil),
    ])
    func knowsTheOneVersionItNames(_ text: String, version: String?) throws {
        #expect(try VersionRequirement(parsing: text).exactVersion?.description == version)
    }

    @Test func rangeOfOneVersionAdmitsNoOther() throws {
        let version = try SemanticVersion(parsing: "1.2.3-rc.1")
        let range = VersionRequirement(exactly: version)
        #expect(range.admits(version))
        #expect(!range.admits(try SemanticVersion(parsing: "1.2.3")))
        #expect(range.exactVersion == version)
    }

    /// The expanded ceiling `<2.0.0-0` must admit no pre-release of 2.0.0, not even the lowest.
    @Test func ceilingAdmitsNoPrereleaseOfTheNextVersion() throws {
        let range = try VersionRequirement(parsing: ">=1.0.0-0 <2.0.0-0")
        #expect(range.admits(try SemanticVersion(parsing: "1.0.0-0")))
        #expect(!range.admits(try SemanticVersion(parsing: "2.0.0-0")))
    }
}
