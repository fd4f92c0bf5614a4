// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import RegistryAPI
import Transport

extension RegistryClient {
    /// A page of the workers that suit a question.
    ///
    /// - Throws: `RegistryClientError`, `TransportError`.
    package func list(_ question: ListQuestion) async throws -> WorkerPage {
        let wire = try request(.get, .list(question), for: .search)
        return try value(of: try await exchange(wire, for: .search), for: .search)
    }

    /// The account and the rights of the key; nil from a registry that tells nobody.
    ///
    /// - Throws: `RegistryClientError` (W144 for a key that the registry does not know), `TransportError`.
    package func account() async throws -> KeyInfo? {
        var wire = try request(.get, .whoAmI, for: .account)
        try authenticate(&wire, for: .account)
        let answer = try await exchange(wire, for: .account)
        if [404, 405, 501].contains(answer.status) { return nil }
        return try value(of: answer, for: .account)
    }
}
