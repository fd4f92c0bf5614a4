// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import JSONText

/// Holds a value to a JSON Schema.
///
/// It knows the keywords that say what a value is made of: `type`, `enum`, `const`, `properties`, `required`,
/// `additionalProperties`, `items`, the bounds of numbers, strings, arrays and objects, `allOf`, `anyOf`, `oneOf`, `not`,
/// and `$ref` within the schema. What it does not know, such as `format` and `pattern`, it does not hold against a value.
package struct SchemaCheck {
    /// The most steps of one check: a schema that refers to itself ends.
    private static let mostSteps = 100_000
    private static let deepest = 64
    private static let mostProblems = 20

    private let root: JSONValue

    /// A check against a schema, of which nothing is demanded: what is not understood of it holds nothing against a value.
    package init(_ schema: JSONValue) { root = schema }

    /// What is wrong, each with the path of its place; empty for a value that fits.
    package func problems(of value: JSONValue) -> [String] {
        var walk = Walk(root: root)
        walk.check(JSONCursor(value), root, depth: 0)
        return walk.problems
    }

    private struct Walk {
        let root: JSONValue
        var problems: [String] = []
        var steps = 0

        mutating func fail(_ place: JSONCursor, _ reason: String) {
            if problems.count < mostProblems { problems.append(place.fail(reason).message) }
        }

        mutating func check(_ place: JSONCursor, _ schema: JSONValue, depth: Int) {
            steps += 1
            guard depth < deepest, steps < mostSteps else { return fail(place, "has a schema that goes too deep") }
            if schema == .bool(false) { return fail(place, "must not be there") }
            guard case .object(let keywords) = schema else { return }
            if case .string(let reference)? = keywords["$ref"] {
                guard let target = resolve(reference) else {
                    return fail(place, "has a schema whose `$ref` leads nowhere")
                }
                check(place, target, depth: depth + 1)
            }
            checkKind(place, keywords)
            checkCombinations(place, keywords, depth)
            switch place.value {
            case .object(let object): checkObject(place, object, keywords, depth)
            case .array(let elements): checkArray(place, elements, keywords, depth)
            case .string(let text): bounds(place, "length", Double(text.unicodeScalars.count), keywords, "Length")
            case .number(let number): checkNumber(place, number, keywords)
            case .null, .bool: break
            }
        }

        /// `#`, `#/$defs/Name` and the like.
        private func resolve(_ reference: String) -> JSONValue? {
            guard reference.hasPrefix("#") else { return nil }
            return reference.dropFirst().split(separator: "/").reduce(Optional(root)) { value, part in
                value?[String(part).replacing("~1", with: "/").replacing("~0", with: "~")]
            }
        }

        private mutating func checkKind(_ place: JSONCursor, _ keywords: JSONObject) {
            let kinds: [String]
            switch keywords["type"] {
            case .string(let kind): kinds = [kind]
            case .array(let list): kinds = list.compactMap { if case .string(let kind) = $0 { kind } else { nil } }
            default: kinds = []
            }
            if !kinds.isEmpty, !kinds.contains(where: { place.value.isOf(kind: $0) }) {
                fail(place, "must be \(kinds.joined(separator: " or ")), not \(place.value.kindName)")
            }
            if case .array(let choices)? = keywords["enum"],
                !choices.contains(where: { $0.isEquivalent(to: place.value) })
            {
                fail(place, "must be one of \(JSONValue.array(choices).text())")
            }
            if let constant = keywords["const"], !constant.isEquivalent(to: place.value) {
                fail(place, "must be \(constant.text())")
            }
        }

        private mutating func checkCombinations(_ place: JSONCursor, _ keywords: JSONObject, _ depth: Int) {
            for schema in Self.list(keywords["allOf"]) { check(place, schema, depth: depth + 1) }
            if keywords["anyOf"] != nil, count(place, keywords["anyOf"], depth) == 0 {
                fail(place, "fits none of the schemas in `anyOf`")
            }
            if keywords["oneOf"] != nil {
                let fitting = count(place, keywords["oneOf"], depth)
                if fitting != 1 { fail(place, "fits \(fitting) schemas of `oneOf` instead of one") }
            }
            if let schema = keywords["not"], count(place, .array([schema]), depth) == 1 {
                fail(place, "fits the schema in `not`")
            }
        }

        /// How many of some schemas a value fits.
        private mutating func count(_ place: JSONCursor, _ schemas: JSONValue?, _ depth: Int) -> Int {
            Self.list(schemas).count { schema in
                var trial = Walk(root: root, steps: steps)
                trial.check(place, schema, depth: depth + 1)
                steps = trial.steps
                return trial.problems.isEmpty
            }
        }

        private mutating func checkObject(
            _ place: JSONCursor,
            _ object: JSONObject,
            _ keywords: JSONObject,
            _ depth: Int
        ) {
            for case .string(let key) in Self.list(keywords["required"]) where object[key] == nil {
                fail(place, "lacks `\(key.printable)`")
            }
            bounds(place, "members", Double(object.count), keywords, "Properties")
            // An object has members: the cursor was made of one.
            for (key, member) in (try? place.members()) ?? [] {
                if let schema = keywords["properties"]?[key] {
                    check(member, schema, depth: depth + 1)
                } else if let schema = keywords["additionalProperties"] {
                    if schema == .bool(false) {
                        fail(member, "is not known")
                    } else {
                        check(member, schema, depth: depth + 1)
                    }
                }
            }
        }

        private mutating func checkArray(
            _ place: JSONCursor,
            _ elements: [JSONValue],
            _ keywords: JSONObject,
            _ depth: Int
        ) {
            bounds(place, "elements", Double(elements.count), keywords, "Items")
            let prefix = Self.list(keywords["prefixItems"])
            for (index, element) in ((try? place.elements()) ?? []).enumerated() {
                guard let schema = index < prefix.count ? prefix[index] : keywords["items"] else { continue }
                check(element, schema, depth: depth + 1)
            }
        }

        private mutating func checkNumber(_ place: JSONCursor, _ number: JSONNumber, _ keywords: JSONObject) {
            guard let value = number.double else { return }
            bounds(place, "value", value, keywords, "imum")
            if let limit = Self.number(keywords["exclusiveMinimum"]), value <= limit {
                fail(place, "must be above \(keywords["exclusiveMinimum"]?.text() ?? "")")
            }
            if let limit = Self.number(keywords["exclusiveMaximum"]), value >= limit {
                fail(place, "must be below \(keywords["exclusiveMaximum"]?.text() ?? "")")
            }
        }

        /// Holds a quantity to `min…` and `max…`.
        private mutating func bounds(
            _ place: JSONCursor,
            _ what: String,
            _ quantity: Double,
            _ keywords: JSONObject,
            _ suffix: String
        ) {
            if let limit = Self.number(keywords["min" + suffix]), quantity < limit {
                fail(place, "must have a \(what) of at least \(keywords["min" + suffix]?.text() ?? "")")
            }
            if let limit = Self.number(keywords["max" + suffix]), quantity > limit {
                fail(place, "must have a \(what) of at most \(keywords["max" + suffix]?.text() ?? "")")
            }
        }

        private static func list(_ value: JSONValue?) -> [JSONValue] {
            if case .array(let elements)? = value { elements } else { [] }
        }

        private static func number(_ value: JSONValue?) -> Double? {
            if case .number(let number)? = value { number.double } else { nil }
        }
    }
}

extension JSONValue {
    fileprivate func isOf(kind: String) -> Bool {
        switch (self, kind) {
        case (.null, "null"), (.bool, "boolean"), (.number, "number"), (.string, "string"), (.array, "array"),
            (.object, "object"):
            true
        case (.number(let number), "integer"): number.double.map { $0 == $0.rounded() } ?? false
        default: false
        }
    }
}
