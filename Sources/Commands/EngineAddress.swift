// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineClient
import EngineProtocol
import HostSystem
import JSONText

/// Where the engine is that a command asks: `III_URL`, else this machine.
struct EngineAddress: Sendable {
    private let client: EngineClient

    /// - Throws: `MalformedVariable` for an `III_URL` that is not `ws://HOST[:PORT]`.
    init(_ environment: HostEnvironment) throws {
        guard let text = environment[.engineURL] else {
            client = EngineClient()
            return
        }
        let rest = text.hasPrefix("ws://") ? text.dropFirst(5).prefix { $0 != "/" } : ""
        let colon = rest.lastIndex(of: ":")
        let host = rest[..<(colon ?? rest.endIndex)]
        guard !host.isEmpty, let port = colon.map({ Int(rest[rest.index(after: $0)...]) }) ?? 49_134,
            (1...65_535).contains(port)
        else { throw MalformedVariable(variable: .engineURL, text: text) }
        client = EngineClient(host: String(host), port: port)
    }

    /// Calls a function and reads its result.
    func call(_ function: String, _ payload: JSONValue) async throws -> JSONValue {
        let result = try await client.call(function: function, payload: RawJSON(payload))
        return result?.value() ?? .null
    }
}
