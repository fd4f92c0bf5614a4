// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText

extension EngineClient {
    package init(_ address: EngineAddress) { self.init(host: address.host, port: address.port) }

    /// The ids of the functions that can be called, sorted.
    ///
    /// - Throws: `EngineClientError`.
    package func functions(timeout: Duration = .seconds(5)) async throws -> [String] {
        let answer = try await call(function: "engine::functions::list", timeout: timeout)?.value()
        guard case .array(let rows)? = answer?["functions"] else { return [] }
        return rows.compactMap { row in if case .string(let id)? = row["function_id"] { id } else { nil } }
    }
}
