// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// A version that no repository delivers.
package struct UndeliveredVersion: Hashable, Sendable {
    /// For asking for those after it.
    package let id: Int64
    /// Its worker.
    package let worker: WorkerName
    /// Its number.
    package let version: SemanticVersion

    /// A version by its place in the order in which they are asked for.
    package init(id: Int64, worker: WorkerName, version: SemanticVersion) {
        self.id = id
        self.worker = worker
        self.version = version
    }
}
