// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A JSON value that keeps what other readers lose: the order of keys and the digits of numbers.
///
/// `==` compares as written, order of keys included; `isEquivalent(to:)` compares by meaning.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// The members of a JSON object, in the order in which they were written, each key once.
package struct JSONObject: Hashable, Sendable {
    /// One key with its value.
    package struct Member: Hashable, Sendable {
        package var key: String
        package var value: JSONValue

        package init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    package private(set) var members: [Member]

    /// An object of the given members.
    ///
    /// Where a key stands twice, the later value takes the earlier place.
    package init(_ members: some Sequence<(String, JSONValue)> = EmptyCollection()) {
        self.members = []
        var places: [String: Int] = [:]
        for (key, value) in members {
            if let place = places[key] {
                self.members[place].value = value
            } else {
                places[key] = self.members.count
                self.members.append(Member(key, value))
            }
        }
    }

    /// Members whose keys the parser has checked to be unique.
    init(unique members: [Member]) { self.members = members }

    /// The value of a key; setting nil removes it, setting a new key appends it.
    ///
    /// Linear in the number of members.
    package subscript(key: String) -> JSONValue? {
        get { members.first { $0.key == key }?.value }
        set {
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(key, value))
            case (nil, nil): break
            }
        }
    }

    package var keys: [String] { members.map(\.key) }
    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }
}

/// A JSON number as it was written.
package struct JSONNumber: Hashable, Sendable, CustomStringConvertible {
    /// The digits, as the grammar of JSON allows them.
    package let description: String

    init(checked text: String) { description = text }

    package init(_ value: some FixedWidthInteger) { description = String(value) }

    /// A finite number.
    ///
    /// Infinity and NaN, which JSON has no words for, become nil.
    package init?(_ value: Double) {
        guard value.isFinite else { return nil }
        description = value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }

    /// The value, where it is written as an integer and fits.
    package var int64: Int64? { Int64(description) }
    package var double: Double? { Double(description) }
}

extension JSONValue {
    package static let emptyObject = JSONValue.object(JSONObject())

    /// The value of a member, nil where this is no object or has no such key.
    package subscript(key: String) -> JSONValue? {
        guard case .object(let object) = self else { return nil }
        return object[key]
    }

    /// Whether the value holds more than `limit` others, arrays and objects counted with what is in them.
    ///
    /// Looks at no more than that.
    package func hasMoreValues(than limit: Int) -> Bool {
        var left = limit
        return !count(downFrom: &left)
    }

    private func count(downFrom left: inout Int) -> Bool {
        let inner: [JSONValue]
        switch self {
        case .array(let elements): inner = elements
        case .object(let object): inner = object.members.map(\.value)
        case .null, .bool, .number, .string: return true
        }
        left -= inner.count
        return left >= 0 && inner.allSatisfy { $0.count(downFrom: &left) }
    }

    /// What kind of value this is, for messages.
    package var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}
