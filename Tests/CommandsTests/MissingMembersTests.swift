// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Testing

@testable import Commands

@Suite struct MissingMembersTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let payload: JSONValue
        let schema: JSONValue?
        var missing: [String] = []
        var testDescription: String { name }
    }

    private static let person: JSONValue = [
        "type": "object", "required": ["name", "address"],
        "properties": [
            "name": ["type": "string"],
            "address": ["type": "object", "required": ["city"], "properties": ["city": ["type": "string"]]],
        ],
    ]

    static let cases = [
        Case(name: "no schema", payload: [:], schema: nil),
        Case(name: "nothing required", payload: [:], schema: ["type": "object", "properties": ["a": [:]]]),
        Case(name: "all is missing", payload: [:], schema: person, missing: ["name", "address"]),
        Case(
            name: "something within",
            payload: ["name": "a", "address": [:]],
            schema: person,
            missing: ["address.city"]
        ),
        Case(name: "all is there", payload: ["name": "a", "address": ["city": "b"]], schema: person),
        Case(name: "null is there", payload: ["name": .null, "address": .null], schema: person),
        Case(name: "what is no object is for the function", payload: [1], schema: person),
        Case(
            name: "a default stands in",
            payload: [:],
            schema: ["required": ["a", "b"], "properties": ["a": ["default": 1]]],
            missing: ["b"]
        ),
        Case(name: "a schema that is none", payload: [:], schema: ["required": "a", "properties": [1]]),
    ]

    @Test(arguments: cases) func whatIsRequiredAndNotThereIsNamed(row: Case) {
        #expect(MissingMembers.paths(in: row.payload, row.schema) == row.missing)
    }

    @Test(arguments: [
        (["a"], "`a` is missing: `x::y` requires it"),
        (["a", "b.c"], "`a` and `b.c` are missing: `x::y` requires them"),
    ])
    func theMessageNamesThemAll(paths: [String], message: String) {
        #expect(MissingMembers(function: "x::y", paths: paths).message == message)
    }
}
