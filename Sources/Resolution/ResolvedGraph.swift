// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// That one worker needs another, with the selector as its publisher wrote it.
package struct DependencyEdge: Hashable, Sendable {
    package let from: WorkerName
    package let to: WorkerName
    package let range: String

    package init(from: WorkerName, to: WorkerName, range: String) {
        self.from = from
        self.to = to
        self.range = range
    }
}

/// What a selector of a worker resolved to: the worker and all that it needs, one version of each.
package struct ResolvedGraph: Hashable, Sendable {
    /// One worker with the version that was picked.
    package struct Node: Hashable, Sendable {
        package let name: WorkerName
        package let version: SemanticVersion
        /// Only an exact version or a channel leads to a yanked version.
        package let isYanked: Bool
        /// In the order in which they were declared.
        package let dependencies: [WorkerDependency]
    }

    /// Dependencies before those that need them; the root is last.
    package let nodes: [Node]
    /// Depth first, in declared order.
    package let edges: [DependencyEdge]
    package let root: Node
}
