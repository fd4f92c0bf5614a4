// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import RegistryAPI
import Transport
package import WorkerModel

extension RegistryClient {
    /// All that the registry knows of one version; `latest` where none is named.
    ///
    /// - Throws: `RegistryClientError`, `TransportError`.
    package func detail(of name: WorkerName, _ selector: VersionSelector? = nil) async throws -> WorkerDetail {
        let wire = try request(.get, .detail(name, selector: selector), for: .look(name))
        return try value(of: try await exchange(wire, for: .look(name)), for: .look(name))
    }

    /// Every version of a worker, newest published first.
    ///
    /// - Throws: `RegistryClientError` (W110 for a worker that nobody has published), `TransportError`.
    package func versions(of name: WorkerName) async throws -> VersionList {
        let wire = try request(.get, .versions(of: name), for: .look(name))
        return try value(of: try await exchange(wire, for: .look(name)), for: .look(name))
    }
}
