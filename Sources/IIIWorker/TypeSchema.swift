// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText

/// JSON Schemas of types.
///
/// A `Decodable` type is asked to decode itself from a decoder that answers every question with the simplest value and
/// writes down what was asked: which keys, of which types, and which of them may be missing.
enum TypeSchema {
    /// Types inside each other beyond this are described as anything: a type may hold itself.
    static let deepest = 12

    /// The schema of a type, nil for one that tells nothing.
    static func of<Value>(_ type: Value.Type) -> RawJSON? {
        guard let schema = schema(of: type, depth: 0), schema != .emptyObject else { return nil }
        return RawJSON(schema)
    }

    static func schema<Value>(of type: Value.Type, depth: Int) -> JSONValue? {
        if type == Nothing.self { return ["type": "null"] }
        if let known = known(type) { return known }
        if depth > deepest { return .emptyObject }
        if let schema = (type as? any SchemaWrapper.Type)?.schema(depth: depth) { return schema }
        guard let decodable = type as? any Decodable.Type else { return nil }
        if let cases = (type as? any CaseIterable.Type).flatMap({ names(of: $0) }) {
            return ["type": "string", "enum": .array(cases.map(JSONValue.string))]
        }
        let notes = SchemaNotes(depth: depth)
        // A type that refuses what it is given has told what it asked for before that.
        _ = try? decodable.init(from: SchemaDecoder(notes: notes))
        return notes.schema
    }

    private static func known(_ type: Any.Type) -> JSONValue? {
        switch type {
        case is String.Type: ["type": "string"]
        case is Bool.Type: ["type": "boolean"]
        case is Double.Type, is Float.Type: ["type": "number"]
        case is any FixedWidthInteger.Type: ["type": "integer"]
        default: nil
        }
    }

    /// The raw values of an enumeration of strings.
    private static func names(of type: any CaseIterable.Type) -> [String]? {
        func raw<Value: CaseIterable>(_: Value.Type) -> [String]? {
            let values = Value.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
            return values.isEmpty ? nil : values
        }
        return raw(type)
    }
}

/// A type whose schema is made of that of another one.
private protocol SchemaWrapper {
    static func schema(depth: Int) -> JSONValue?
}

extension Optional: SchemaWrapper {
    fileprivate static func schema(depth: Int) -> JSONValue? { TypeSchema.schema(of: Wrapped.self, depth: depth) }
}

extension Array: SchemaWrapper {
    fileprivate static func schema(depth: Int) -> JSONValue? {
        ["type": "array", "items": TypeSchema.schema(of: Element.self, depth: depth + 1) ?? .emptyObject]
    }
}

extension Set: SchemaWrapper {
    fileprivate static func schema(depth: Int) -> JSONValue? {
        [
            "type": "array", "items": TypeSchema.schema(of: Element.self, depth: depth + 1) ?? .emptyObject,
            "uniqueItems": true,
        ]
    }
}

extension Dictionary: SchemaWrapper {
    fileprivate static func schema(depth: Int) -> JSONValue? {
        ["type": "object", "additionalProperties": TypeSchema.schema(of: Value.self, depth: depth + 1) ?? .emptyObject]
    }
}

/// What a type asked for while it decoded itself.
final class SchemaNotes {
    let depth: Int
    var properties = JSONObject()
    var required: [String] = []
    /// Keys of which was asked whether they are null.
    var nullable: Set<String> = []
    /// What a type without keys is.
    var single: JSONValue?

    init(depth: Int) { self.depth = depth }

    var schema: JSONValue {
        if let single { return single }
        var schema: JSONObject = ["type": "object", "properties": .object(properties)]
        if !required.isEmpty { schema["required"] = .array(required.map(JSONValue.string)) }
        return .object(schema)
    }

    func note(_ key: String, _ schema: JSONValue?, isRequired: Bool) {
        properties[key] = schema ?? .emptyObject
        if isRequired, !nullable.contains(key), !required.contains(key) { required.append(key) }
    }
}
