// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineClient
import EngineProtocol
import JSONText

/// One call of a function from the command line, held against what the function says that it needs.
struct FunctionCall: Sendable {
    /// The code of an engine that knows no such function.
    static let notFound = "function_not_found"
    private static let engines = ["engine::", "worker::", "configuration::"]

    let function: String
    let namespace: String?
    let payload: JSONValue
    let limit: Duration

    /// - Throws: `MissingMembers`, `EngineClientError`.
    func run(_ client: EngineClient) async throws -> RawJSON? {
        try await client.converse(connectTimeout: limit) { session in
            // The engine's own functions say themselves what they lack, with a code of their own for each.
            let schema = Self.engines.contains { function.hasPrefix($0) } ? nil : await requestSchema(session)
            let missing = MissingMembers.paths(in: payload, schema)
            guard missing.isEmpty else { throw MissingMembers(function: function, paths: missing) }
            return try await session.call(
                function: function,
                payload: RawJSON(payload),
                namespace: namespace,
                timeout: limit
            )
        }
    }

    /// Nil where the function says nothing, or is not there: then the call itself tells.
    private func requestSchema(_ session: EngineSession) async -> JSONValue? {
        var request = JSONObject([("function_id", .string(function))])
        if let namespace { request["namespace"] = .string(namespace) }
        let detail = try? await session.call(
            function: "engine::functions::info",
            payload: RawJSON(.object(request)),
            timeout: min(limit, .seconds(5))
        )
        return detail?.value()?["request_schema"]
    }
}

/// What a function is called with lacks members that its schema requires.
///
/// W105.
struct MissingMembers: CodedError {
    /// Deeper in a schema nobody looks.
    private static let depth = 8

    let function: String
    /// `name`, `address.city`.
    let paths: [String]

    /// The members that are required and are not there, in the order of the schema.
    ///
    /// Looked for where a schema says so plainly: in its `properties`, and in those of objects that are there.
    static func paths(in value: JSONValue, _ schema: JSONValue?) -> [String] { paths(in: value, schema, below: [], 0) }

    private static func paths(
        in value: JSONValue,
        _ schema: JSONValue?,
        below path: [String],
        _ depth: Int
    ) -> [String] {
        guard case .object(let object) = value, let schema, depth < self.depth else { return [] }
        let properties: JSONObject? = if case .object(let members)? = schema["properties"] { members } else { nil }
        var missing: [String] = []
        if case .array(let names)? = schema["required"] {
            for case .string(let name) in names where object[name] == nil && properties?[name]?["default"] == nil {
                missing.append((path + [name]).joined(separator: "."))
            }
        }
        for property in properties?.members ?? [] {
            guard let inner = object[property.key] else { continue }
            missing += paths(in: inner, property.value, below: path + [property.key], depth + 1)
        }
        return missing
    }

    var code: ErrorCode { .badPayload }
    var message: String {
        let names = paths.map { "`\(PrintableText($0, limit: 80))`" }
        guard let last = names.last, names.count > 1 else {
            return "\(names.first ?? "a member") is missing: `\(function.printable)` requires it"
        }
        return
            "\(names.dropLast().joined(separator: ", ")) and \(last) are missing: `\(function.printable)` requires them"
    }
    var hints: [String] { ["`iii trigger \(function) --help` shows what it takes"] }
    var details: [(key: String, value: String)] { [("missing", paths.joined(separator: ","))] }
}
