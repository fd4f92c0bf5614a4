// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import YAMLText

/// What is read, and where it stands: editors splice text at these places, so a wrong place damages a user's file.
struct YAMLDocumentTests {
    private let lenient = YAMLRules.lenient(upTo: 1 << 20)

    private func root(_ text: String) throws -> YAMLNode {
        try #require(try YAMLDocument(parsing: text, rules: lenient).root)
    }

    @Test(arguments: [
        "", "\n", "# only a comment\n", "---\n", "---\n# comment\n...\n", "\u{FEFF}", "\u{FEFF}# c", "   \n \n",
    ])
    func hasNoRootWhereNothingIsSaid(_ text: String) throws {
        #expect(try YAMLDocument(parsing: text, rules: lenient).root == nil)
    }

    @Test func keepsOrderAndTypesOfWhatItReads() throws {
        let value = try root(
            """
            zebra: 1
            apple: [x, 'true', null, 1.5]
            nested:
              - a: ~
                b: "1"
            """
        ).value
        #expect(
            value
                == .map([
                    "zebra": .integer("1"),
                    "apple": .sequence([.string("x"), .string("true"), .null, .float("1.5")]),
                    "nested": .sequence([.map(["a": .null, "b": .string("1")])]),
                ])
        )
    }

    @Test func spansCoverExactlyTheTextOfAValue() throws {
        let text = "a: plain text  # comment\nb: 'it''s'\nc: [1, 2]  # c\nd:\n  - x\n  - y: z\n\n# far below\n"
        let node = try root(text)
        func covered(_ key: String) throws -> Substring {
            let span = try #require(node[key]?.span)
            return Substring(text.utf8.dropFirst(span.start.offset).prefix(span.offsets.count))
        }
        #expect(try covered("a") == "plain text")
        #expect(try covered("b") == "'it''s'")
        #expect(try covered("c") == "[1, 2]")
        #expect(try covered("d") == "- x\n  - y: z")
        #expect(node.span.offsets == 0..<text.utf8.count - "\n\n# far below\n".utf8.count)
    }

    @Test(arguments: ["\n", "\r\n", "\r"]) func countsBytesNotCharacters(lineEnd: String) throws {
        let text = "\u{FEFF}größe: 大きい # ü" + lineEnd + "😀: [é, x]" + lineEnd + "last: end"
        let node = try root(text)
        for pair in try #require(node.pairs) {
            let bytes = Array(text.utf8)[pair.key.span.offsets]
            #expect(String(decoding: bytes, as: UTF8.self) == pair.name)
        }
        let last = try #require(node.pair("last"))
        #expect(last.key.span.start.line == 3 && last.key.span.start.column == 1)
        #expect(last.value.span.end.offset == text.utf8.count)
        let list = try #require(node["😀"]?.items)
        #expect(list[1].span.start.column == 8)
        #expect(node.span.start.offset == 3 && node.span.start.column == 1)
    }

    @Test func emptyValuesStandBehindTheirColon() throws {
        let node = try root("a:\nb:   # nothing\nc:\n-\n- x\n")
        #expect(node["a"]?.span.offsets == 2..<2)
        #expect(node["b"]?.span.offsets == 5..<5)
        #expect(node["c"]?.items?.first?.isNull == true)
    }

    @Test func blockScalarsEndAtTheLineAfterThem() throws {
        let text = "a: |\n  one\n  two\n\n# c\nb: >-\n  x\n  y\nc: 1\n"
        let node = try root(text)
        #expect(node["a"]?.string == "one\ntwo\n")
        #expect(node["b"]?.string == "x y")
        #expect(node["a"]?.style == .literal && node["b"]?.style == .folded)
        let ends = try ["a", "b"].map { try #require(node[$0]?.span.end) }
        #expect(ends.map(\.column) == [1, 1])
        #expect(ends[1].line == 9)
    }

    @Test func anchorsAndAliasesAreReadWhereAllowed() throws {
        let node = try root("base: &b {x: 1}\ncopy: *b\nlist: [*b, &t text, *t]\n")
        #expect(node["copy"]?.value == .map(["x": .integer("1")]))
        #expect(node["copy"]?.style == .alias("b"))
        #expect(node["base"]?.anchor == "b" && node["copy"]?.isAlias == true)
        #expect(node["list"]?.value.items?.last == .string("text"))
    }

    @Test(arguments: [
        ("!!str 12", YAMLValue.string("12")), ("!!int 0x10", .integer("0x10")), ("!!float 3", .float("3")),
        ("!!null ''", .null), ("!!bool true", .bool(true)), ("! 12", .string("12")), ("!env HOME", .string("HOME")),
    ])
    func tagsDecideTheType(_ text: String, _ value: YAMLValue) throws {
        #expect(try root("a: " + text)["a"]?.value == value)
    }

    @Test func endMarkerIsKnown() throws {
        let document = try YAMLDocument(parsing: "a: 1\n# c\n...\n# after\n", rules: lenient)
        #expect(document.endMarker?.offset == 9)
        #expect(try YAMLDocument(parsing: "a: 1\n", rules: lenient).endMarker == nil)
    }
}
