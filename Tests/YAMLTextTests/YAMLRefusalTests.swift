// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import TestSupport
import Testing

@testable import YAMLText

/// Text that is refused: every refusal has the code of a parse failure and names line and column.
struct YAMLRefusalTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var text: String
        var line: Int
        var column: Int
        var problem: YAMLError.Problem
        var testDescription: String { "\(problem)" }

        init(_ text: String, _ line: Int, _ column: Int, _ problem: YAMLError.Problem) {
            (self.text, self.line, self.column, self.problem) = (text, line, column, problem)
        }
    }

    private func failure(_ text: String, _ rules: YAMLRules) throws -> YAMLError {
        try #require(throws: YAMLError.self) { try YAMLDocument(parsing: text, rules: rules) }
    }

    @Test(arguments: [
        Row("a: &x 1\n", 1, 4, .anchor("x")),
        Row("a: 1\nb: *x\n", 2, 4, .alias("x")),
        Row("a: !!str 1\n", 1, 4, .tag("tag:yaml.org,2002:str")),
        Row("- !local [1]\n", 1, 3, .tag("!local")),
        Row("&r {a: 1}\n", 1, 1, .anchor("r")),
    ])
    func strictRulesRefuseAnchorsAliasesAndTags(_ row: Row) throws {
        let error = try failure(row.text, .strict(upTo: 1000))
        #expect(error.problem == row.problem)
        #expect((error.position.line, error.position.column) == (row.line, row.column))
    }

    @Test(arguments: [
        Row("a: 1\n---\nb: 2\n", 2, 1, .severalDocuments),
        Row("a: 1\n...\n---\n", 3, 1, .severalDocuments),
        Row("a: 1\nb: 2\n\"a\": 3\n", 3, 1, .duplicateKey("a", firstLine: 1)),
        Row("{a: {b: 1, b: 2}}", 1, 12, .duplicateKey("b", firstLine: 1)),
        Row("1: x\n'1': y\n", 2, 1, .duplicateKey("1", firstLine: 1)),
        Row("? [a]\n: 1\n", 1, 3, .collectionAsKey),
        Row("{{a: 1}: 2}", 1, 2, .collectionAsKey),
        Row("x: &a [1]\n? *a\n: 2\n", 2, 3, .collectionAsKey),
        Row("a: *nobody\n", 1, 4, .unknownAlias("nobody")),
        Row("a: &a [*a]\n", 1, 8, .recursiveAlias("a")),
        Row("a: 1\nb:\n\t- x\n", 3, 1, .tab),
        Row("a: !!int x\n", 1, 4, .tagMismatch(tag: "!!int", text: "x")),
        Row("ü: x\u{2028}y\n", 1, 5, .refusedCharacter("\u{2028}")),
        Row("a: 'x\u{85}y'\n", 1, 6, .refusedCharacter("\u{85}")),
        Row("a: 1\n# hid\u{FEFF}den\n", 2, 6, .refusedCharacter("\u{FEFF}")),
    ])
    func refusesUnderAllRules(_ row: Row) throws {
        let error = try failure(row.text, .lenient(upTo: 1000))
        #expect(error.problem == row.problem)
        #expect((error.position.line, error.position.column) == (row.line, row.column))
        #expect(error.code == .configParse)
        #expect(error.message.contains("line \(row.line), column \(row.column)"))
    }

    @Test(arguments: [
        ("a: b: c\n", 1), ("a: [1, 2\n", 2), ("a: 'x\n", 2), ("- a\nb: 1\n", 2), ("a:\n  - b\n c: 1\n", 3), ("@x", 1),
        ("a: \"\\q\"", 1), ("a: \u{1}", 1), ("%BAD\n---\na: 1\n...\n%", 1), ("}", 1), ("a: 1\n b: 2\n", 2),
    ])
    func syntaxErrorsNameTheirLine(_ text: String, _ line: Int) throws {
        let error = try failure(text, .lenient(upTo: 1000))
        guard case .syntax = error.problem else { throw error }
        #expect(error.position.line == line)
    }

    /// Comparing or hashing such text takes time with the square of its length.
    @Test(arguments: [
        ("e%: 1\n", 1), ("a: e%\n", 1), ("a: 1\n# %\n", 2), ("a: 'e%'\n", 1), ("a: |\n  e%\n", 2), ("- !t%\n", 1),
        ("a: &e%", 1),
    ])
    func runsOfCombiningMarksAreRefused(_ text: String, _ line: Int) throws {
        func filled(_ count: Int) -> String {
            text.split(separator: "%", omittingEmptySubsequences: false)
                .joined(separator: String(repeating: "\u{300}", count: count))
        }
        let error = try failure(filled(31), .lenient(upTo: 1 << 20))
        #expect(error.problem == .tooManyMarks)
        #expect(error.position.line == line)
        #expect(try failure(filled(400_000), .lenient(upTo: 1 << 20)).problem == .tooManyMarks)
    }

    @Test(arguments: ["a: \"%\"", "\"%\": 1", "- - \"e%\""])
    func runsOfCombiningMarksInEscapesAreRefused(_ text: String) throws {
        func filled(_ count: Int) -> String {
            text.split(separator: "%", omittingEmptySubsequences: false)
                .joined(separator: String(repeating: "\\u0300", count: count))
        }
        _ = try YAMLDocument(parsing: filled(30), rules: .lenient(upTo: 1 << 20))
        #expect(try failure(filled(31), .lenient(upTo: 1 << 20)).problem == .tooManyMarks)
    }

    @Test func controlCharactersAreRefusedWhereTheyStand() throws {
        let error = try failure("é: 1\nbell: \u{7}x\n", .lenient(upTo: 1000))
        #expect((error.position.line, error.position.column, error.position.offset) == (2, 7, 12))
    }

    @Test(
        arguments: [
            [0x61, 0x3A, 0x20, 0xFF], [0x61, 0xC3], [0xED, 0xA0, 0x80], [0xFF, 0xFE, 0x61, 0], [0xC0, 0xAF],
        ] as [[UInt8]]
    )
    func refusesBytesThatAreNotUTF8(_ bytes: [UInt8]) {
        let error = #expect(throws: YAMLError.self) { try YAMLDocument(parsing: bytes, rules: .lenient(upTo: 100)) }
        #expect(error?.problem == .notUTF8)
    }

    @Test func sizeIsLimited() throws {
        let text = String(repeating: "#", count: 100)
        #expect(try YAMLDocument(parsing: text, rules: .strict(upTo: 100)).root == nil)
        #expect(try failure(text + "#", .strict(upTo: 100)).problem == .tooLarge(limit: 100))
    }

    @Test(arguments: ["[", "{a: ", "- "]) func depthIsLimited(_ opening: String) throws {
        let rules = YAMLRules.strict(upTo: 1 << 16, depth: 16)
        let error = try failure(String(repeating: opening, count: 2000), rules)
        #expect(error.problem == .tooDeep(limit: 16))
    }

    @Test func numberOfValuesIsLimited() throws {
        let rules = YAMLRules.strict(upTo: 1 << 16, nodes: 10)
        #expect(try YAMLDocument(parsing: "[1, 2, 3, 4, 5, 6, 7, 8, 9]", rules: rules).root?.items?.count == 9)
        #expect(try failure("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", rules).problem == .tooManyNodes(limit: 10))
    }

    /// Nine levels of nine aliases are a billion values in 400 bytes.
    @Test func aliasesCountForAllThatTheyStandFor() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(try failure(text, .lenient(upTo: 1 << 16)).problem == .tooManyNodes(limit: 200_000))
    }

    /// Random damage to real text: read or refused, with a place inside the text, but never a crash.
    @Test func damagedTextIsReadOrRefused() throws {
        var random = SeededGenerator(seed: 7)
        let seed = Array(
            "a: &x [1, 'q', \"\\u00e9\"]\nb: |\n  text\n- : ? {k: v}\n# ü\nc: *x\n---\n...\r\n\t!t >-\n".utf8
        )
        for _ in 0..<4000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(seed.randomElement(using: &random) ?? 0, at: place)
                default: bytes[place] = UInt8.random(in: 0...255, using: &random)
                }
            }
            do throws(YAMLError) {
                let root = try YAMLDocument(parsing: bytes, rules: .lenient(upTo: 4096)).root
                #expect((root?.span.end.offset ?? 0) <= bytes.count)
            } catch {
                #expect((0...bytes.count).contains(error.position.offset))
            }
        }
    }
}
