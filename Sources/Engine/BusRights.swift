// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Manifests
package import Sandboxing

/// What a project's files say of what its workers may do on the bus.
package struct BusRights: Sendable, Hashable {
    package struct Worker: Sendable, Hashable {
        /// The workers that its manifest needs.
        package var dependencies: Set<String>
        /// `may_call:` of its entry.
        package var grants: CallGrants
        /// `network: allow:` of its entry.
        package var network: [NetworkAddress]
        /// `env:` of its entry.
        package var variables: Set<String>

        package init(
            dependencies: Set<String> = [],
            grants: CallGrants = CallGrants(),
            network: [NetworkAddress] = [],
            variables: Set<String> = []
        ) {
            self.dependencies = dependencies
            self.grants = grants
            self.network = network
            self.variables = variables
        }
    }

    /// Those that `config.yaml` or `iii.lock` names.
    package var workers: [String: Worker]
    /// Whether what would be refused is done all the same, and counted.
    package var isPermissive: Bool

    package init(_ workers: [String: Worker] = [:], isPermissive: Bool = false) {
        self.workers = workers
        self.isPermissive = isPermissive
    }
}

/// What a worker has called, and what of that was refused, by function.
package struct BusRecord: Sendable, Hashable {
    package struct Count: Sendable, Hashable {
        package var calls = 0
        package var refused = 0

        package init(calls: Int = 0, refused: Int = 0) {
            self.calls = calls
            self.refused = refused
        }
    }

    /// More functions are not counted.
    static let maximumFunctions = 1000

    package private(set) var functions: [String: Count] = [:]

    package init() {}

    package mutating func add(_ count: Count, of functionID: String) {
        guard functions[functionID] != nil || functions.count < Self.maximumFunctions else { return }
        functions[functionID, default: Count()].calls += count.calls
        functions[functionID, default: Count()].refused += count.refused
    }
}
