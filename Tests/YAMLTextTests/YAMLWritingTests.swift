// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import TestSupport
import Testing

@testable import YAMLText

/// What is written: read back it is the same value, and no other reader can take a text for a number or a switch.
struct YAMLWritingTests {
    @Test(arguments: [
        ("plain", "plain"), ("^1.2.0", "^1.2.0"), ("1.2.3", "1.2.3"),
        ("https://x.test/a?b=c#d", "https://x.test/a?b=c#d"),
        ("ghcr.io/o/w@sha256:abc", "ghcr.io/o/w@sha256:abc"), ("two words", "two words"), ("größe", "größe"),
        ("a:b", "a:b"), ("~1.2", "~1.2"), ("/abs/path", "/abs/path"),
        ("it's", "it's"),
    ])
    func safeTextIsPlain(_ text: String, _ written: String) {
        #expect(YAMLValue.string(text).inlineText == written)
    }

    /// Some readers fill placeholders in before they parse, ours after: none finds one in what was text.
    @Test(arguments: [
        ("${PORT:3000}", #""\x24{PORT:3000}""#), ("a $${X} $", #""a $\x24{X} $""#), ("${HOME:", #""\x24{HOME:""#),
        ("$x $(y)", "$x $(y)"),
    ])
    func textIsNeverAPlaceholder(_ text: String, _ written: String) throws {
        #expect(YAMLValue.string(text).inlineText == written)
        try expectReadBack(.map([text: .string(text)]))
    }

    @Test(arguments: [
        "", " x", "x ", "true", "No", "off", "Y", "null", "~", "1", "1.5", "1e5", "0x1F", "0b1", "1_000", "12:30:45",
        "2024-01-31", ".inf", "<<", "=", "...", "... x", "-", "- a", "? a", ": a", "*", "*x", "&x", "!x", "|", ">",
        ">=1 <2", "%x",
        "@x", "`x", "#x", "a #b", "a: b", "a:", "[x", "{x", "'x'", "\"x\"", ",x", "-v", "---", "1:30.5", "0o17", "+1",
    ])
    func otherTextIsInSingleQuotes(_ text: String) throws {
        let written = YAMLValue.string(text).inlineText
        #expect(written.first == "'" && written.last == "'")
        try expectReadBack(.map(["k": .string(text)]))
    }

    @Test(arguments: [
        "a\nb", "tab\there", "\u{0}", "\u{7F}", "\u{85}", "\u{2028}", "\u{FEFF}", "\r", "\u{FFFE}", "bell\u{7}\"\\",
    ])
    func unprintableTextIsInDoubleQuotes(_ text: String) throws {
        let written = YAMLValue.string(text).inlineText
        #expect(written.first == "\"")
        #expect(written.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) })
        try expectReadBack(.map(["k": .string(text)]))
    }

    @Test func blockStyleIsIndentedByTheStep() {
        let value = YAMLValue.map([
            "name": .string("a"),
            "config": .map([
                "list": .sequence([.integer("1"), .map(["x": .null, "z": .bool(true)])]), "none": .mapping([]),
            ]),
            "rows": .sequence([.sequence([.string("p"), .string("q")]), .sequence([])]),
        ])
        #expect(
            value.text == """
                name: a
                config:
                  list:
                    - 1
                    - x: null
                      z: true
                  none: {}
                rows:
                  - - p
                    - q
                  - []

                """
        )
        #expect(value.blockLines(step: 4)[2] == "    list:")
    }

    @Test func flowStyleIsOneLine() throws {
        let value = YAMLValue.map([
            "name": .string("a"), "config": .map(["u": .string("http://x"), "s": .string("a, b"), "f": .float("1.5")]),
        ])
        #expect(value.flowText == "{name: a, config: {u: 'http://x', s: 'a, b', f: 1.5}}")
    }

    @Test func longKeysAreReadBack() throws {
        let key = String(repeating: "k", count: 3000)
        for inner in [YAMLValue.integer("1"), .map(["x": .sequence([.integer("1")])]), .mapping([])] {
            let value = YAMLValue.mapping([
                .init("first", .sequence([.mapping([.init(key, inner)])])), .init(key, inner),
            ])
            try expectReadBack(value)
        }
    }

    @Test func sortingOrdersKeysByBytes() {
        let value = YAMLValue.map([
            "b": .map(["z": .null, "Z": .null]), "a": .sequence([.map(["é": .null, "e": .null])]),
        ])
        #expect(
            value.sorted
                == .map(["a": .sequence([.map(["e": .null, "é": .null])]), "b": .map(["Z": .null, "z": .null])])
        )
    }

    @Test(arguments: 0..<8) func randomValuesAreReadBack(_ seed: UInt64) throws {
        var maker = ValueMaker(random: SeededGenerator(seed: seed))
        for _ in 0..<150 {
            try expectReadBack(.mapping([.init("root", maker.value(depth: 4)), .init("end", .integer("1"))]))
        }
    }

    private func expectReadBack(_ value: YAMLValue, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let rules = YAMLRules.strict(upTo: 1 << 20, depth: 64, nodes: 1 << 20)
        for text in [value.text, value.flowText, value.blockLines(step: 1).joined(separator: "\r\n")] {
            let read = try YAMLDocument(parsing: text, rules: rules).root?.value
            #expect(read == value, "\(text)", sourceLocation: sourceLocation)
        }
    }
}

/// Random values, rich in text that is hard to write.
private struct ValueMaker {
    var random: SeededGenerator

    mutating func value(depth: Int) -> YAMLValue {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &random) {
        case 0: .null
        case 1: .bool(Bool.random(using: &random))
        case 2: .integer(String(Int.random(in: -1000...1000, using: &random)))
        case 3: .float("\(Int.random(in: 0...99, using: &random)).\(Int.random(in: 0...99, using: &random))")
        case 4, 5: .string(text())
        case 6: .sequence((0..<Int.random(in: 0...4, using: &random)).map { _ in value(depth: depth - 1) })
        default: mapping(depth: depth)
        }
    }

    private mutating func mapping(depth: Int) -> YAMLValue {
        var members: [YAMLValue.Member] = []
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let key = text()
            if !members.contains(where: { $0.key == key }) { members.append(.init(key, value(depth: depth - 1))) }
        }
        return .mapping(members)
    }

    private mutating func text() -> String {
        let parts = [
            "a", "B", " ", "  ", ":", ": ", " #", "#", "-", "- ", "?", ",", "[", "]", "{", "}", "'", "\"", "\\", "\n",
            "\t", "é",
            "日本", "😀", "&", "*", "!", "|", ">", "%", "@", "`", "0", "1", ".", "e", "_", "x", "~", "null", "true", "=",
            "<<", "\r",
            "\u{0}", "\u{2028}", "\u{FEFF}", "+", "/", "...", "---", "y",
        ]
        return (0..<Int.random(in: 0...5, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }
            .joined()
    }
}
