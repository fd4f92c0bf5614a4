// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Testing

@testable import WorkerConfigurations

@Suite struct SchemaCheckTests {
    @Test(
        arguments: [
            (#"{}"#, #"[1]"#, true), (#"true"#, #"1"#, true), (#"false"#, #"1"#, false),
            (#"{"type":"integer"}"#, #"1.0"#, true), (#"{"type":"integer"}"#, #"1.5"#, false),
            (#"{"type":"number"}"#, #"1"#, true), (#"{"type":["string","null"]}"#, #"null"#, true),
            (#"{"type":["string","null"]}"#, #"false"#, false), (#"{"enum":[1,"a"]}"#, #"1.0"#, true),
            (#"{"enum":[1,"a"]}"#, #""b""#, false), (#"{"const":{"a":1}}"#, #"{"a":1}"#, true),
            (#"{"const":1}"#, #"2"#, false), (#"{"required":["a"]}"#, #"{"a":null}"#, true),
            (#"{"required":["a"]}"#, #"{}"#, false),
            (#"{"properties":{"a":{"type":"string"}}}"#, #"{"a":1}"#, false),
            (#"{"properties":{"a":{"type":"string"}}}"#, #"{"b":1}"#, true),
            (#"{"properties":{"a":{}},"additionalProperties":false}"#, #"{"a":1,"b":2}"#, false),
            (#"{"additionalProperties":{"type":"string"}}"#, #"{"b":2}"#, false),
            (#"{"items":{"type":"string"}}"#, #"["a",1]"#, false), (#"{"items":{"type":"string"}}"#, #"["a"]"#, true),
            (#"{"prefixItems":[{"type":"string"}],"items":{"type":"integer"}}"#, #"["a",1]"#, true),
            (#"{"minItems":2}"#, #"[1]"#, false), (#"{"maxItems":1}"#, #"[1]"#, true),
            (#"{"minimum":1,"maximum":65535}"#, #"65536"#, false), (#"{"minimum":1}"#, #"1"#, true),
            (#"{"exclusiveMinimum":1}"#, #"1"#, false), (#"{"exclusiveMaximum":1}"#, #"0.9"#, true),
            (#"{"minLength":2}"#, #""é""#, false), (#"{"maxLength":1}"#, #""é""#, true),
            (#"{"maxProperties":1}"#, #"{"a":1,"b":2}"#, false),
            (#"{"anyOf":[{"type":"null"},{"type":"string"}]}"#, #"1"#, false),
            (#"{"anyOf":[{"type":"null"},{"type":"string"}]}"#, #"null"#, true),
            (#"{"oneOf":[{"minimum":1},{"minimum":2}]}"#, #"3"#, false),
            (#"{"oneOf":[{"minimum":1},{"minimum":2}]}"#, #"1"#, true),
            (#"{"allOf":[{"minimum":1},{"maximum":2}]}"#, #"3"#, false), (#"{"not":{"type":"null"}}"#, #"null"#, false),
            (##"{"$ref":"#/$defs/P","$defs":{"P":{"type":"integer"}}}"##, #""a""#, false),
            (##"{"$ref":"#/$defs/P","$defs":{"P":{"type":"integer"}}}"##, #"4"#, true),
            (##"{"$ref":"#/nowhere"}"##, #"4"#, false), (#"{"pattern":"x","format":"uri"}"#, #""a""#, true),
        ]
    )
    func decides(schema: String, value: String, fits: Bool) throws {
        let check = SchemaCheck(try JSONValue(parsing: schema.utf8))
        #expect(check.problems(of: try JSONValue(parsing: value.utf8)).isEmpty == fits)
    }

    @Test func namesThePlace() {
        let check = SchemaCheck(["properties": ["ports": ["items": ["type": "integer", "maximum": 9]]]])
        let problems = check.problems(of: ["ports": [1, "x", 10]])
        #expect(
            problems == [
                "$.ports[1] must be integer, not a string", "$.ports[2] must have a value of at most 9",
            ]
        )
    }

    @Test func aSchemaThatRefersToItselfEnds() {
        #expect(!SchemaCheck(["$ref": "#"]).problems(of: 1).isEmpty)
        let twice: JSONValue = ["anyOf": [["$ref": "#"], ["$ref": "#"]]]
        #expect(!SchemaCheck(twice).problems(of: 1).isEmpty)
        // A tree's own schema is no circle.
        let tree: JSONValue = ["properties": ["next": ["$ref": "#"]], "type": "object"]
        #expect(SchemaCheck(tree).problems(of: ["next": ["next": [:]]]).isEmpty)
        #expect(!SchemaCheck(tree).problems(of: ["next": ["next": 1]]).isEmpty)
    }
}
