// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Testing
import WorkerModel

/// Versions after Semantic Versioning 2.0.0: what is one (sections 2, 9, 10) and how they order (section 11).
struct SemanticVersionTests {
    @Test(arguments: [
        "0.0.0", "1.2.3", "10.20.30", "1.0.0-alpha", "1.0.0-0", "1.0.0-rc.1", "1.0.0-0a.-.x-y-z", "1.0.0--",
        "1.0.0+20130313144700", "1.0.0-beta+exp.sha.5114f85", "1.0.0+001", "18446744073709551615.0.0",
        "1.0.0-99999999999999999999999",
    ])
    func readsAndWritesTheSameText(_ text: String) throws {
        #expect(try SemanticVersion(parsing: text).description == text)
    }

    @Test(arguments: [
        ("", 1), ("1", 2), ("1.2", 4), ("1.2.", 5), ("v1.2.3", 1), (" 1.2.3", 1), ("1.2.3 ", 6), ("01.2.3", 1),
        ("1.02.3", 3), ("1.2.03", 5), ("1.2.3.4", 6), ("1.2.3-", 7), ("1.2.3-a..b", 9), ("1.2.3-01", 7),
        ("1.2.3-rc.007", 10), ("1.2.3+", 7), ("1.2.3+a+b", 8), ("1.2.3-ä", 7), ("1.-2.3", 3), ("1.2.x", 5),
        ("18446744073709551616.0.0", 1), ("1.2.3\n", 6), ("１.2.3", 1),
    ])
    func refusesWhatIsNoVersion(_ text: String, position: Int) {
        let error = #expect(throws: VersionError.self) { try SemanticVersion(parsing: text) }
        #expect(error?.position == position)
        #expect(error?.subject == .version)
    }

    @Test func refusesTextBeyondTheLongestVersion() throws {
        let longest = "1.0.0-" + String(repeating: "a", count: SemanticVersion.maximumLength - 6)
        #expect(try SemanticVersion(parsing: longest).description == longest)
        #expect(throws: VersionError.self) { try SemanticVersion(parsing: longest + "a") }
    }

    /// The chain of section 11, and the corners that text comparison gets wrong.
    @Test func ordersByPrecedence() throws {
        let ascending = try [
            "0.0.0-0", "0.0.0", "0.9.10", "0.10.0", "1.0.0-0", "1.0.0-2", "1.0.0-10", "1.0.0-9999999999999999999999",
            "1.0.0-A", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
            "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1-rc.1", "1.0.1", "1.2.0", "2.0.0", "10.0.0",
        ].map { try SemanticVersion(parsing: $0) }
        for (index, low) in ascending.enumerated() {
            #expect(!(low < low))
            for high in ascending[(index + 1)...] {
                #expect(low < high, "\(low) before \(high)")
                #expect(!(high < low), "\(high) not before \(low)")
            }
        }
    }

    @Test func buildMetadataTakesNoPartInPrecedence() throws {
        let plain = try SemanticVersion(parsing: "1.0.0")
        let built = try SemanticVersion(parsing: "1.0.0+7")
        #expect(plain.hasSamePrecedence(as: built))
        #expect(plain != built)
        #expect(!plain.hasSamePrecedence(as: try SemanticVersion(parsing: "1.0.0-rc.1")))
    }

    @Test(arguments: [("1.0.0", false), ("1.0.0-0", true), ("1.0.0+rc", false), ("1.0.0-a+b", true)])
    func knowsPrereleases(_ text: String, isPrerelease: Bool) throws {
        #expect(try SemanticVersion(parsing: text).isPrerelease == isPrerelease)
    }

    @Test func messageNamesTheTextThePlaceAndTheReason() {
        let error = #expect(throws: VersionError.self) { try SemanticVersion(parsing: "1.02.3") }
        #expect(error?.message == "`1.02.3` is not a version: a number with a leading zero at position 3")
        #expect(error?.code == .invalidVersion)
        #expect(error?.hints.isEmpty == false)
    }

    @Test func messageHoldsNoControlCharacters() {
        let error = #expect(throws: VersionError.self) { try SemanticVersion(parsing: "1.2.3\u{1B}[2J") }
        #expect(error?.message.contains("\u{1B}") == false)
    }
}
