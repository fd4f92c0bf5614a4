// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import YAMLText

/// `${NAME:default}` in texts that are filled in later.
struct YAMLPlaceholderTests {
    private static let rules = {
        var rules = YAMLRules.lenient(upTo: 1 << 16)
        rules.readsPlaceholders = true
        return rules
    }()

    private func value(_ text: String) throws -> YAMLValue? {
        try YAMLDocument(parsing: text, rules: Self.rules).root?.value
    }

    @Test(arguments: [
        ("a: ${PORT:3000}", "${PORT:3000}"), ("{a: ${PORT:3000}}", "${PORT:3000}"), ("{a: ${PORT}}", "${PORT}"),
        ("{a: ${LIST:x, y}, b: 1}", "${LIST:x, y}"), ("a: ${TEXT:x: y # z}", "${TEXT:x: y # z}"),
        ("a: '${TEXT:[x]}'", "${TEXT:[x]}"), ("a: \"${TEXT:{}\\n\"", "${TEXT:{}\n"), ("a: |-\n  ${X:-d}", "${X:-d}"),
        ("a: http://${HOST:localhost}:${PORT:80}/", "http://${HOST:localhost}:${PORT:80}/"),
        ("{a: ä${X:ö}ü, b: 2}", "ä${X:ö}ü"), ("a: $", "$"), ("a: $x", "$x"), ("a: '${x'", "${x"),
        ("a: '${:x}'", "${:x}"),
    ])
    func aPlaceholderIsText(_ text: String, _ expected: String) throws {
        let pair = try #require(try YAMLDocument(parsing: text, rules: Self.rules).root?.pair("a"))
        #expect(pair.value.string == expected)
    }

    @Test func aKeyMayHoldOne() throws {
        #expect(try YAMLDocument(parsing: "${KEY:a}: 1", rules: Self.rules).root?.pairs?.first?.name == "${KEY:a}")
    }

    @Test func spansCoverWhatIsWritten() throws {
        let text = "\u{FEFF}ä: {b: ${PORT:3000}, c: ${X}}\nd: 1\n"
        let bytes = Array(text.utf8)
        let root = try #require(try YAMLDocument(parsing: bytes, rules: Self.rules).root)
        let covered = ["b", "c"].map { key in
            (root["ä"]?[key]?.span.offsets).map { String(decoding: bytes[$0], as: UTF8.self) }
        }
        #expect(covered == ["${PORT:3000}", "${X}"])
        #expect(root["d"]?.span.start.line == 2)
    }

    @Test func placesInErrorsAreThoseOfTheText() {
        let error = #expect(throws: YAMLError.self) { try value("a: {b: ${PORT:3000}}\nc: [${X:1}\n") }
        #expect(error?.position.line == 3)
        let control = #expect(throws: YAMLError.self) { try value("a: ${PORT:3000}\nb: \u{1}") }
        #expect(control?.position.line == 2)
    }

    @Test func withoutTheRuleBracesAreBraces() {
        #expect(throws: YAMLError.self) { try YAMLDocument(parsing: "{a: ${X:1}}", rules: .lenient(upTo: 100)) }
    }

    @Test func charactersOfThePrivateAreaStayWhatTheyAre() throws {
        #expect(try value("a: \u{10FF7B}") == .mapping([.init("a", .string("\u{10FF7B}"))]))
    }
}
