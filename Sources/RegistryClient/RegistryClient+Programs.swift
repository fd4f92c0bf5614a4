// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import RegistryAPI
import Transport

extension RegistryClient {
    /// The programs of iii that the registry offers; nil from one that offers none.
    ///
    /// - Throws: `RegistryClientError`, `TransportError`.
    package func programs() async throws -> OfferedPrograms? {
        let answer = try await exchange(try request(.get, .programs, for: .programs), for: .programs)
        if answer.status == 404 { return nil }
        return try value(of: answer, for: .programs)
    }
}
