// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText

/// Answers every question of a type that decodes itself, and notes what was asked.
struct SchemaDecoder: Decoder {
    let notes: SchemaNotes
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(KeyedNotes<Key>(notes: notes))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        notes.single = ["type": "array"]
        return ListNotes(notes: notes)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { SingleNotes(notes: notes) }

    /// The simplest value of a type: empty, zero, false, or what it makes of such parts.
    static func simplest<Value: Decodable>(_ type: Value.Type, depth: Int) throws -> Value {
        for candidate in ["", false, 0.0, Float(0)] as [Any] { if let value = candidate as? Value { return value } }
        if let integer = type as? any (FixedWidthInteger & Decodable).Type, let value = integer.init(0) as? Value {
            return value
        }
        if let cases = type as? any CaseIterable.Type, let value = first(of: cases) as? Value { return value }
        guard depth <= TypeSchema.deepest else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "too deep"))
        }
        return try type.init(from: SchemaDecoder(notes: SchemaNotes(depth: depth + 1)))
    }

    private static func first(of type: any CaseIterable.Type) -> Any? {
        func first<Value: CaseIterable>(_: Value.Type) -> Any? { Value.allCases.first }
        return first(type)
    }
}

private struct KeyedNotes<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let notes: SchemaNotes
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    func contains(_ key: Key) -> Bool { true }

    func decodeNil(forKey key: Key) throws -> Bool {
        notes.nullable.insert(key.stringValue)
        return false
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        notes.note(key.stringValue, TypeSchema.schema(of: type, depth: notes.depth + 1), isRequired: true)
        return try SchemaDecoder.simplest(type, depth: notes.depth)
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        notes.note(key.stringValue, TypeSchema.schema(of: type, depth: notes.depth + 1), isRequired: false)
        return nil
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        notes.note(key.stringValue, ["type": "object"], isRequired: true)
        return KeyedDecodingContainer(KeyedNotes<NestedKey>(notes: SchemaNotes(depth: notes.depth + 1)))
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        notes.note(key.stringValue, ["type": "array"], isRequired: true)
        return ListNotes(notes: SchemaNotes(depth: notes.depth + 1))
    }

    func superDecoder() throws -> any Decoder { SchemaDecoder(notes: SchemaNotes(depth: notes.depth + 1)) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try superDecoder() }
}

/// A list that has no elements.
private struct ListNotes: UnkeyedDecodingContainer {
    let notes: SchemaNotes
    var codingPath: [any CodingKey] { [] }
    var count: Int? { 0 }
    var isAtEnd: Bool { true }
    var currentIndex: Int { 0 }

    mutating func decodeNil() throws -> Bool { false }
    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try SchemaDecoder.simplest(type, depth: notes.depth)
    }
    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(KeyedNotes<Key>(notes: SchemaNotes(depth: notes.depth + 1)))
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { self }
    mutating func superDecoder() throws -> any Decoder { SchemaDecoder(notes: SchemaNotes(depth: notes.depth + 1)) }
}

private struct SingleNotes: SingleValueDecodingContainer {
    let notes: SchemaNotes
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        notes.single = TypeSchema.schema(of: type, depth: notes.depth + 1)
        return try SchemaDecoder.simplest(type, depth: notes.depth)
    }
}
