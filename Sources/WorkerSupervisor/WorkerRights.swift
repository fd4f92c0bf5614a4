// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Manifests
package import Sandboxing
package import WorkerModel

/// What a project's files say of what one worker may do on the bus.
///
/// Apart from its declaration: a worker goes on running while its grants change.
package struct WorkerRights: Sendable, Hashable {
    /// The workers that it needs.
    package var dependencies: Set<WorkerName> = []
    /// `may_call:` of its entry.
    package var grants = CallGrants()
    /// `network: allow:` of its entry.
    package var network: [NetworkAddress] = []
    /// `env:` of its entry.
    package var variables: Set<String> = []
}
