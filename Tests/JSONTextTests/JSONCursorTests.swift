// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Testing

@Suite struct JSONCursorTests {
    private let cursor = JSONCursor(["list": [["n": 1], ["n": "two"]], "none": nil, "text": "x"])

    @Test func errorsNameThePath() throws {
        let second = try cursor.required("list").elements()[1]
        let error = #expect(throws: JSONShapeError.self) { try second.required("n").integer() }
        #expect(error?.message == "$.list[1].n must be an integer, not a string")
        let missing = #expect(throws: JSONShapeError.self) { try second.required("m") }
        #expect(missing?.message == "$.list[1].m is required")
    }

    @Test func nullCountsAsAbsentWhereThatIsAsked() throws {
        #expect(try cursor.optional("none") == nil)
        #expect(try cursor.optional("text")?.string() == "x")
        #expect(try cursor.required("none").value == .null)
    }

    @Test func tellsUnknownKeysInTheirOrder() throws {
        #expect(try cursor.unknownKeys(besides: ["list"]) == ["none", "text"])
    }

    @Test(arguments: [("1.5", false), ("9223372036854775807", true), ("9223372036854775808", false), ("1e2", false)])
    func integersAreWrittenAsIntegers(text: String, fits: Bool) throws {
        let cursor = JSONCursor(try JSONValue(parsing: text))
        #expect(((try? cursor.integer()) != nil) == fits)
    }
}
