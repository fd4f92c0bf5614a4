// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Testing

@Suite struct JSONWriterTests {
    private let value: JSONValue = ["b": [1, "é\n\"\\\u{1}"], "a": [:], "c": nil]

    @Test func compactKeepsTheOrderOfKeys() {
        #expect(value.text() == #"{"b":[1,"é\n\"\\\u0001"],"a":{},"c":null}"#)
    }

    @Test func sortedOrdersKeysByBytes() {
        #expect(value.text(.sorted) == #"{"a":{},"b":[1,"é\n\"\\\u0001"],"c":null}"#)
    }

    @Test func prettyIndentsByTwo() {
        #expect(
            (["b": [1], "a": []] as JSONValue).text(.pretty) == """
                {
                  "a": [],
                  "b": [
                    1
                  ]
                }
                """
        )
    }

    @Test(arguments: [
        #"{"z":1.10,"a":12345678901234567890,"m":[1e400,-0.0]}"#, #""\u2028""#, "[[[]]]",
    ])
    func whatIsReadIsWrittenAgain(text: String) throws {
        let parsed = try JSONValue(parsing: text)
        #expect(try JSONValue(parsing: parsed.text()) == parsed)
    }

    @Test func numbersKeepTheirDigits() throws {
        #expect(
            try JSONValue(parsing: "[1.10,1e400,12345678901234567890]").text() == "[1.10,1e400,12345678901234567890]"
        )
    }
}

@Suite struct JSONEquivalenceTests {
    @Test(arguments: [
        ("1", "1.0", true), ("10e-1", "1", true), ("100", "1e2", true), ("0", "-0.0", true), ("1", "-1", false),
        ("0.1", "0.10", true), ("1e400", "10e399", true), ("12345678901234567890", "12345678901234567891", false),
        (#"{"a":1,"b":2}"#, #"{"b":2,"a":1.0}"#, true), (#"{"a":1}"#, #"{"a":1,"b":2}"#, false),
        (#"{"a":null}"#, #"{"b":null}"#, false), ("[1,2]", "[2,1]", false), (#""1""#, "1", false),
        ("null", "false", false),
    ])
    func comparesByMeaning(left: String, right: String, expected: Bool) throws {
        let left = try JSONValue(parsing: left)
        let right = try JSONValue(parsing: right)
        #expect(left.isEquivalent(to: right) == expected)
        #expect(right.isEquivalent(to: left) == expected)
    }
}
