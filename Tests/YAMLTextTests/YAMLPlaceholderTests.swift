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

    private func filled(_ text: String, _ variables: [String: String] = [:]) throws -> (YAMLValue?, unset: [String]) {
        let document = try YAMLDocument(parsing: Array(text.utf8), rules: Self.rules) { variables[$0] }
        return (document.root?.value, document.unsetVariables)
    }

    @Test(
        arguments: [
            ("a: ${PORT}", .integer("3111")), ("a: ${PORT:80} ${NONE:80}", .string("3111 80")),
            ("a: ${EMPTY:x}", .null),
            ("a: ${NONE:}", .null), ("a: ${NONE:-d}", .string("-d")), ("a: '${PORT}'", .string("3111")),
            ("a: ${NONE:http://h:1}", .string("http://h:1")), ("  # ${NONE} stays\na: ${PORT}", .integer("3111")),
            ("a: x # ${NONE}", .string("x")), ("a: $5 ${} ${", .string("$5 ${} ${")),
            ("{a: ${LIST}}", .string("[1, 2]")),
            ("a: ${EVIL}", .string("x\nb: 1 # {")), ("a: \"${QUOTE}\"", .string("\" \\n '")),
            ("a: ${YES}", .bool(true)),
            ("a: |-\n  ${EVIL}", .string("x\nb: 1 # {")), ("a: ${OTHER}", .string("${PORT}")),
        ] as [(String, YAMLValue)]
    )
    func valuesAreTheTextOfOneScalar(_ text: String, _ expected: YAMLValue) throws {
        let variables = [
            "PORT": "3111", "EMPTY": "", "LIST": "[1, 2]", "EVIL": "x\nb: 1 # {", "QUOTE": "\" \\n '", "YES": "true",
            "OTHER": "${PORT}",
        ]
        let (value, unset) = try filled(text, variables)
        #expect(value?["a"] == expected)
        #expect(unset.isEmpty)
    }

    /// However the text came to have one, only a placeholder that is written in the file is filled in.
    @Test(arguments: [
        #"a: "\x24{SECRET}""#, #"a: "$\x7BSECRET}""#, #"a: "\u0024{SECRET:x}""#, "a: '${SECRET'", "a: ${\n  SECRET}",
        "a: |\n  ${SECRET\n  }", #"a: "\U0010FFA4\U0010FFFBSECRET\U0010FFFD ${X:}""#,
        #"a: "\U0010FF24\U0010FF7BSECRET\U0010FF7D ${X:}""#, "a: \u{10FFA4}\u{10FFFB}SECRET\u{10FFFD} ${X:}",
        "a: \u{10FF24}\u{10FF7B}SECRET\u{10FF7D} ${X:}", "a: ${X:$\\{SECRET\\}}",
    ])
    func nothingElseIsFilledIn(_ text: String) throws {
        let value = try? filled(text, ["SECRET": "gone"]).0
        #expect(!"\(value.debugDescription)".contains("gone"))
    }

    @Test func everyUnsetVariableIsNamedOnce() throws {
        #expect(try filled("a: ${A} ${B:1} ${C}\nb: ${A}").unset == ["A", "C"])
    }

    @Test(arguments: [
        "${HOME}", "${HOME:", "a ${X:y} b", "$${X}", "\u{10FFA4}\u{10FFFB}X\u{10FFFD}", "${A\nB}", "'${X}'", "\\x24{X}",
        "$",
        "{$", "${",
    ])
    func whatIsWrittenIsTextAgain(_ text: String) throws {
        for value: YAMLValue in [.map(["k": .string(text)]), .map(["l": .sequence([.map([text: .string(text)])])])] {
            for written in [value.text, value.flowText, "x: ${SET:1}\nv: " + value.flowText] {
                let (read, unset) = try filled(written, ["HOME": "gone", "X": "gone", "SET": "2"])
                #expect(read == value || read?["v"] == value, "\(written)")
                #expect(unset.isEmpty)
                // Readers that fill in the whole text before they parse it find nothing to fill in.
                #expect(!value.text.contains("${"))
            }
        }
    }

    @Test func aTextOfAllPrivateCharactersIsRefusedRatherThanMisread() throws {
        var scalars = String.UnicodeScalarView()
        for value in stride(from: UInt32(0xF0000), to: 0x110000, by: 0x80) {
            if let scalar = Unicode.Scalar(value) { scalars.append(scalar) }
        }
        #expect(throws: YAMLError.self) { try filled("a: ${X:1}\nb: '\(String(scalars))'") }
    }

    @Test func charactersOfThePrivateAreaStayWhatTheyAre() throws {
        #expect(try value("a: \u{10FF7B}") == .mapping([.init("a", .string("\u{10FF7B}"))]))
    }
}
