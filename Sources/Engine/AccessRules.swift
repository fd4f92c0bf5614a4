// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import Manifests

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

    /// The functions that they name to be called by the engine.
    var named: [String] { [authentication, functionHook, triggerHook, triggerTypeHook].compactMap(\.self) }

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
    ///
    /// `naming`: it has to be named, and is not shown by a pattern for everything.
    func exposes(_ functionID: String, in namespace: String, metadata: RawJSON?, naming: Bool = false) -> Bool {
        exposures.contains { exposure in
            guard exposure.namespace == namespace else { return false }
            switch exposure.test {
            case .id(let pattern): return pattern.matches(functionID, naming: naming)
            case .metadata(let tests):
                return tests.allSatisfy { key, test in
                    guard let value = metadata?.member(key) else { return false }
                    switch test {
                    case .equal(let wanted): return value.value()?.isEquivalent(to: wanted) == true
                    case .text(let pattern): return value.string.map { pattern.matches($0) } == true
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
    private let pattern: CallPattern

    init(_ pattern: String) { self.pattern = CallPattern(trusting: pattern) }

    /// Reads `match("PATTERN")`; nil for anything else.
    init?(call text: String) {
        guard text.hasPrefix("match("), text.hasSuffix(")") else { return nil }
        let inner = text.dropFirst(6).dropLast()
        guard inner.count >= 2, let quote = inner.first, quote == "\"" || quote == "'", inner.last == quote else {
            return nil
        }
        self.init(String(inner.dropFirst().dropLast()))
    }

    /// Whether it matches; where it has to name what it matches, a star alone, or one before the `::`, does not.
    func matches(_ text: String, naming: Bool = false) -> Bool {
        pattern.matches(text) && (!naming || pattern.isExact || pattern.beginning.contains("::"))
    }
}
