// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import YAMLText

/// A number of a YAML text that JSON cannot hold: an infinity, not-a-number.
package struct NumberWithoutJSON: Error {
    package let node: YAMLNode
}

extension JSONValue {
    /// The JSON of a YAML value: keys become text, numbers are brought into JSON's notation.
    ///
    /// - Throws: `NumberWithoutJSON` for a number that JSON cannot hold.
    package init(yaml node: YAMLNode) throws(NumberWithoutJSON) {
        try self.init(node) { node throws(NumberWithoutJSON) in throw NumberWithoutJSON(node: node) }
    }

    /// The JSON of a YAML value, with numbers that JSON cannot hold as their text.
    package init(yamlOrText node: YAMLNode) { self.init(node) { .string($0.scalar?.text ?? "") } }

    private init<Failure: Error>(
        _ node: YAMLNode,
        orElse fallback: (YAMLNode) throws(Failure) -> JSONValue
    ) throws(Failure) {
        switch node.content {
        case .scalar(let scalar):
            if let value = JSONValue(scalar) { self = value } else { self = try fallback(node) }
        case .sequence(let items):
            var elements: [JSONValue] = []
            for item in items { elements.append(try JSONValue(item, orElse: fallback)) }
            self = .array(elements)
        case .mapping(let pairs):
            var members: [(String, JSONValue)] = []
            for pair in pairs { members.append((pair.name, try JSONValue(pair.value, orElse: fallback))) }
            self = .object(JSONObject(members))
        }
    }

    private init?(_ scalar: YAMLScalar) {
        switch scalar.kind {
        case .null: self = .null
        case .bool: self = .bool(scalar.bool ?? false)
        case .string: self = .string(scalar.text)
        case .integer, .float:
            guard let digits = scalar.jsonNumber, let number = try? JSONValue(parsing: digits) else { return nil }
            self = number
        }
    }
}

extension YAMLValue {
    /// The YAML of a JSON value, in the same order.
    package init(json value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let bool): self = .bool(bool)
        case .number(let number):
            self = number.int64 != nil ? .integer(number.description) : .number(number.description)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .sequence(elements.map { YAMLValue(json: $0) })
        case .object(let object): self = .mapping(object.members.map { Member($0.key, YAMLValue(json: $0.value)) })
        }
    }
}
