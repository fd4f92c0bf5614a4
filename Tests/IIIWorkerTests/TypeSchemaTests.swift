// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import Testing

@testable import IIIWorker

/// Schemas come from the types themselves.
@Suite struct TypeSchemaTests {
    enum Color: String, Codable, CaseIterable { case red, green }
    struct Point: Codable {
        var x: Int
        var y: Double?
    }
    struct Shape: Codable {
        var name: String
        var isOpen: Bool
        var color: Color
        var points: [Point]
        var tags: Set<String>?
        var sizes: [String: UInt8]
        var center: Point
    }
    final class Tree: Codable, Sendable {
        let label: String
        let children: [Tree]
        init() { (label, children) = ("", []) }
    }
    enum Choice: Codable {
        case number(Int)
        case text(String)
    }

    private func schema<Value>(_ type: Value.Type) throws -> JSONValue {
        try #require(TypeSchema.of(type)?.value())
    }

    @Test func everyPropertyIsDescribed() throws {
        let expected = try JSONValue(
            parsing: """
                {"type":"object","properties":{
                "name":{"type":"string"},"isOpen":{"type":"boolean"},
                "color":{"type":"string","enum":["red","green"]},
                "points":{"type":"array","items":{"type":"object",
                "properties":{"x":{"type":"integer"},"y":{"type":"number"}},"required":["x"]}},
                "tags":{"type":"array","items":{"type":"string"},"uniqueItems":true},
                "sizes":{"type":"object","additionalProperties":{"type":"integer"}},
                "center":{"type":"object","properties":{"x":{"type":"integer"},"y":{"type":"number"}},"required":["x"]}},
                "required":["name","isOpen","color","points","sizes","center"]}
                """
        )
        #expect(try schema(Shape.self).isEquivalent(to: expected))
    }

    @Test func simpleTypesAreDescribed() throws {
        #expect(try schema(String.self) == ["type": "string"])
        #expect(try schema([Int?].self) == ["type": "array", "items": ["type": "integer"]])
        #expect(try schema(Nothing.self) == ["type": "null"])
    }

    @Test func aTypeThatHoldsItselfComesToAnEnd() throws {
        #expect(try schema(Tree.self)["type"] == "object")
    }

    @Test func aTypeThatRefusesItsAnswersDoesNoHarm() {
        _ = TypeSchema.of(Choice.self)
    }
}
