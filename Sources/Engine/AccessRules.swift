// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText

/// Who may call what through a listener, as its configuration says.
///
/// Shape: `{"auth_function_id":"a::f","expose_functions":["match(\"api::*\")",{"match":"x::*","namespace":"n"},
/// {"metadata":{"public":true}}],"on_function_registration_function_id":…,"on_trigger_registration_function_id":…,
/// "on_trigger_type_registration_function_id":…}`.
struct AccessRules: Sendable, Hashable {
    /// One kind of function that guests may call.
    struct Exposure: Sendable, Hashable {
        enum Test: Sendable, Hashable {
            case id(Wildcard)
            case metadata([String: MetadataTest])
        }

        var test: Test
        var namespace: String
    }

    enum MetadataTest: Sendable, Hashable {
        case equal(JSONValue)
        case text(Wildcard)
    }

    /// Says who a guest is and what it may do; nil where everybody is welcome.
    var authentication: String?
    var exposures: [Exposure] = []
    var functionHook: String?
    var triggerHook: String?
    var triggerTypeHook: String?

    init() {}

    init(parsing cursor: JSONCursor) throws(JSONShapeError) {
        let known: Set<String> = [
            "auth_function_id", "expose_functions", "on_function_registration_function_id",
            "on_trigger_registration_function_id", "on_trigger_type_registration_function_id",
        ]
        if let key = try cursor.unknownKeys(besides: known).first { throw cursor.fail("has an unknown key `\(key)`") }
        authentication = try cursor.optional("auth_function_id")?.string()
        for element in try cursor.optional("expose_functions")?.elements() ?? [] {
            exposures.append(try Exposure(parsing: element))
        }
        functionHook = try cursor.optional("on_function_registration_function_id")?.string()
        triggerHook = try cursor.optional("on_trigger_registration_function_id")?.string()
        triggerTypeHook = try cursor.optional("on_trigger_type_registration_function_id")?.string()
    }

    /// Whether a function is among those that are shown to guests.
    func exposes(_ functionID: String, in namespace: String, metadata: RawJSON?) -> Bool {
        exposures.contains { exposure in
            guard exposure.namespace == namespace else { return false }
            switch exposure.test {
            case .id(let pattern): return pattern.matches(functionID)
            case .metadata(let tests):
                return tests.allSatisfy { key, test in
                    guard let value = metadata?.member(key) else { return false }
                    switch test {
                    case .equal(let wanted): return value.value()?.isEquivalent(to: wanted) == true
                    case .text(let pattern): return value.string.map(pattern.matches) == true
                    }
                }
            }
        }
    }
}

extension AccessRules.Exposure {
    init(parsing cursor: JSONCursor) throws(JSONShapeError) {
        namespace = Hub.defaultNamespace
        if case .string(let text) = cursor.value {
            guard let pattern = Wildcard(call: text) else { throw cursor.fail("must be `match(\"…\")`") }
            test = .id(pattern)
            return
        }
        if let key = try cursor.unknownKeys(besides: ["match", "metadata", "namespace"]).first {
            throw cursor.fail("has an unknown key `\(key)`")
        }
        if let place = try cursor.optional("namespace") {
            namespace = try place.string()
            guard Hub.isNamespace(namespace) else { throw place.fail("must not be blank") }
        }
        switch (try cursor.optional("match"), try cursor.optional("metadata")) {
        case (let pattern?, nil):
            let text = try pattern.string()
            test = .id(Wildcard(call: text) ?? Wildcard(text))
        case (nil, let wanted?):
            var tests: [String: AccessRules.MetadataTest] = [:]
            for (key, value) in try wanted.members() {
                if case .string(let text) = value.value, let pattern = Wildcard(call: text) {
                    tests[key] = .text(pattern)
                } else {
                    tests[key] = .equal(value.value)
                }
            }
            // No test at all would be passed by every function.
            guard !tests.isEmpty else { throw wanted.fail("must not be empty") }
            test = .metadata(tests)
        default: throw cursor.fail("must have either `match` or `metadata`")
        }
    }
}

/// A pattern in which `*` stands for any characters, none included.
struct Wildcard: Sendable, Hashable {
    private let parts: [Substring]

    init(_ pattern: String) { parts = pattern.split(separator: "*", omittingEmptySubsequences: false) }

    /// Reads `match("PATTERN")`; nil for anything else.
    init?(call text: String) {
        guard text.hasPrefix("match("), text.hasSuffix(")") else { return nil }
        let inner = text.dropFirst(6).dropLast()
        guard inner.count >= 2, let quote = inner.first, quote == "\"" || quote == "'", inner.last == quote else {
            return nil
        }
        self.init(String(inner.dropFirst().dropLast()))
    }

    func matches(_ text: String) -> Bool {
        guard let first = parts.first, let last = parts.last, parts.count > 1 else {
            return parts.first.map { $0 == text } ?? false
        }
        guard text.utf8.count >= first.utf8.count + last.utf8.count, text.hasPrefix(first), text.hasSuffix(last) else {
            return false
        }
        var rest = text.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let place = rest.indices.first(where: { rest[$0...].hasPrefix(part) }) else { return false }
            rest = rest[place...].dropFirst(part.count)
        }
        return true
    }
}
