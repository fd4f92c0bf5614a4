// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Testing

@Suite struct JSONParserTests {
    @Test(
        arguments: [
            ("null", nil), (" [ ] ", []), ("{}", [:]), ("\"\\u00e9\\n\"", "é\n"), ("\"\\ud83d\\ude00\"", "😀"),
            ("[1,[2,{\"a\":true}]]", [1, [2, ["a": true]]]), ("\"\\/\"", "/"),
        ] as [(String, JSONValue)]
    )
    func readsWhatTheGrammarAllows(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(arguments: ["-0.50e+3", "12345678901234567890123", "0", "1E-7"])
    func numbersKeepTheirDigits(text: String) throws {
        guard case .number(let number) = try JSONValue(parsing: text) else {
            Issue.record("no number")
            return
        }
        #expect(number.description == text)
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "01", "-", "1.", ".5", "1e", "+1", "0x1", "NaN", "[1,]", "[1 2]", "{\"a\"}", "{a:1}",
        "{\"a\":1,}", "{\"a\":1 \"b\":2}", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"",
        "\"\\udc00\"", "\"\u{1}\"", "\"a\nb\"", "1 2", "[", "{", "{\"a\":", "'a'", "\u{FEFF}1", "[1]]",
    ])
    func refusesWhatItDoesNot(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
    }

    @Test func tellsLineAndColumn() throws {
        let error = #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: "{\n  \"a\": 1,\n  \"a\": 2\n}") }
        #expect(error?.reason == .duplicateKey("a"))
        #expect(error?.line == 3)
        #expect(error?.column == 3)
    }

    @Test func refusesBytesThatAreNoUTF8() {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [0x22, 0x5C, 0x6E, 0xC0, 0x80, 0x22]) }
    }

    @Test(arguments: [(128, true), (129, false), (100_000, false)]) func holdsItsDepth(levels: Int, fits: Bool) {
        let text = String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        #expect(((try? JSONValue(parsing: text)) != nil) == fits)
    }

    /// Comparing or hashing such a string takes time with the square of its length: it never becomes one.
    @Test(arguments: [
        "{\"e%\":1}", "[\"e%\"]", "{\"a\":{\"b\":\"%\"}}", "\"\\n%\"", "\"\\u0065%\"",
    ])
    func refusesRunsOfCombiningMarks(text: String) throws {
        func filled(_ mark: String, _ count: Int) -> String {
            text.split(separator: "%", omittingEmptySubsequences: false)
                .joined(separator: String(repeating: mark, count: count))
        }
        for mark in ["\u{300}", "\\u0300", "\\ud834\\udd65"] {
            _ = try JSONValue(parsing: filled(mark, 30))
            let error = #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: filled(mark, 31)) }
            #expect(error?.reason == .tooManyMarks)
            #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: filled(mark, 50_000)) }
        }
    }

    @Test func countsValuesNoFurtherThanAsked() {
        let value: JSONValue = ["a": [1, 2, ["b": 3]], "c": 4]
        #expect(!value.hasMoreValues(than: 6))
        #expect(value.hasMoreValues(than: 5))
        #expect(!JSONValue.null.hasMoreValues(than: 0))
    }

    @Test func holdsItsSize() {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: "[1,2,3]", limits: JSONLimits(bytes: 6)) }
    }

    /// Cut and flipped texts end in a value or an error, never in a trap.
    @Test func survivesDamage() {
        let text = Array("{\"a\":[1.5e3,\"x\\u00e9\\ud83d\\ude00\",null,true],\"b\":{\"c\":-0}}".utf8)
        var generator = SystemRandomNumberGenerator()
        for length in 0..<text.count { _ = try? JSONValue(parsing: text[..<length]) }
        for _ in 0..<2000 {
            var damaged = text
            damaged[Int.random(in: 0..<text.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            _ = try? JSONValue(parsing: damaged)
        }
    }
}
