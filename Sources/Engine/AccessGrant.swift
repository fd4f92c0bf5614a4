// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText

/// What the authentication function says a guest may do.
///
/// Shape: `{"namespaces":{"n":["api::*"]},"allowed_functions":[],"forbidden_functions":[],"allowed_trigger_types":null,
/// "allow_trigger_type_registration":false,"allow_function_registration":true,"context":{},
/// "function_registration_prefix":null,"allow_invocation":false}`, every member optional.
struct AccessGrant: Sendable, Hashable {
    /// What may be called in each namespace; where there are any, no other namespace may be announced.
    var namespaces: [String: [Wildcard]] = [:]
    var allowed: Set<String> = []
    var forbidden: [Wildcard] = []
    /// Nil where functions may be bound to every kind of trigger.
    var triggerTypes: Set<String>?
    var mayRegisterTriggerTypes = false
    var mayRegisterFunctions = true
    /// Whether functions may be HTTP endpoints, which the engine calls.
    var mayRegisterEndpoints = false
    /// Handed to the middleware and the hooks as it is.
    var context = RawJSON.emptyObject
    /// Put before the ids of the guest's functions, with `::`.
    var prefix: String?

    init() {}

    static let everything = Boxed(AccessGrant())

    /// - Throws: `JSONShapeError` for a member of the wrong kind: nobody is let in by mistake.
    init(parsing raw: RawJSON?) throws(JSONShapeError) {
        guard let raw, let value = raw.value() else { return }
        let cursor = JSONCursor(value)
        for (namespace, grant) in try cursor.optional("namespaces")?.members() ?? [] {
            namespaces[namespace] = try Self.patterns(grant)
        }
        allowed = Set(try Self.texts(cursor.optional("allowed_functions")))
        forbidden = try Self.texts(cursor.optional("forbidden_functions")).map { Wildcard($0) }
        if let types = try cursor.optional("allowed_trigger_types") { triggerTypes = Set(try Self.texts(types)) }
        mayRegisterTriggerTypes = try cursor.optional("allow_trigger_type_registration")?.bool() ?? false
        mayRegisterFunctions = try cursor.optional("allow_function_registration")?.bool() ?? true
        mayRegisterEndpoints = try cursor.optional("allow_invocation")?.bool() ?? false
        context = raw.member("context") ?? .emptyObject
        prefix = try cursor.optional("function_registration_prefix")?.string()
        if prefix?.isEmpty == true { prefix = nil }
    }

    /// One pattern, a list of them, or an object with such a list as `allowed_functions`.
    private static func patterns(_ cursor: JSONCursor) throws(JSONShapeError) -> [Wildcard] {
        switch cursor.value {
        case .string(let text): return [Wildcard(text)]
        case .object: return try texts(cursor.optional("allowed_functions")).map { Wildcard($0) }
        default: return try texts(cursor).map { Wildcard($0) }
        }
    }

    private static func texts(_ cursor: JSONCursor?) throws(JSONShapeError) -> [String] {
        var result: [String] = []
        for element in try cursor?.elements() ?? [] { result.append(try element.string()) }
        return result
    }

    // MARK: Names

    /// The id under which a guest's function is known to others.
    func outer(_ functionID: String) -> String { prefix.map { "\($0)::\(functionID)" } ?? functionID }

    /// The id by which the guest knows its function.
    func inner(_ functionID: String) -> String {
        guard let prefix, functionID.hasPrefix("\(prefix)::") else { return functionID }
        return String(functionID.dropFirst(prefix.count + 2))
    }
}

/// Who asks to be let in, for the authentication function.
struct Visitor: Sendable, Hashable {
    /// Names in lower case; of several with one name, the last.
    var headers: [(name: String, value: String)] = []
    var query: [(name: String, values: [String])] = []
    var address: String?

    var json: RawJSON {
        let headers = JSONObject(headers.map { ($0.name, .string($0.value)) })
        let query = JSONObject(query.map { ($0.name, .array($0.values.map { .string($0) })) })
        return RawJSON([
            "headers": .object(headers), "query_params": .object(query), "ip_address": .string(address ?? ""),
        ])
    }

    static func == (left: Visitor, right: Visitor) -> Bool { left.json == right.json }
    func hash(into hasher: inout Hasher) { hasher.combine(json) }
}

extension Visitor {
    /// Reads the query of a request's target, percent-encoding and `+` undone.
    static func query(of uri: String) -> [(name: String, values: [String])] {
        guard let mark = uri.firstIndex(of: "?") else { return [] }
        var result: [(name: String, values: [String])] = []
        for pair in uri[uri.index(after: mark)...].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(decoded)
            guard let name = sides.first else { continue }
            let value = sides.count > 1 ? sides[1] : ""
            if let index = result.firstIndex(where: { $0.name == name }) {
                result[index].values.append(value)
            } else {
                result.append((name, [value]))
            }
        }
        return result
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
