// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// A dependency graph as an installer may use it: whatever the registry answered, this one is sound.
///
/// Its workers have unique names, its edges lie between them, every worker is needed by a root, nothing needs itself,
/// and it is no larger than the user allowed.
package struct DependencyGraph: Hashable, Sendable {
    /// How large a graph may be before its user has to ask for it.
    package struct Limits: Hashable, Sendable {
        /// Edges in the longest chain that begins at a root.
        package var depth: Int
        /// Workers besides the roots.
        package var workers: Int

        package init(depth: Int = 5, workers: Int = 32) {
            self.depth = depth
            self.workers = workers
        }

        package static let standard = Limits()
    }

    package let roots: [WorkerName]
    /// Every worker once, dependencies before those that need them; otherwise in the order in which they were given.
    package let installOrder: [WorkerName]
    /// Without repetitions, in the order in which they were given.
    package let edges: [DependencyEdge]
    /// Edges in the longest chain that begins at a root.
    package let depth: Int

    /// Checks a graph, of which `workers` are the names of all nodes, the roots among them.
    ///
    /// Takes time in proportion to its size.
    ///
    /// - Throws: `DependencyGraphError`: shape first (W184), then size (W183).
    package init(
        roots: [WorkerName],
        workers: [WorkerName],
        edges: [DependencyEdge],
        limits: Limits = .standard
    ) throws(DependencyGraphError) {
        var check = try DependencyGraphCheck(roots: roots, workers: workers, edges: edges)
        try check.expectReachable()
        let order = try check.dependenciesFirst()
        let depth = check.longestChain(order)
        let besides = workers.count - Set(roots).count
        if depth > limits.depth {
            throw .exceeded(.depth, limit: limits.depth, actual: depth)
        }
        if besides > limits.workers {
            throw .exceeded(.workers, limit: limits.workers, actual: besides)
        }
        self.roots = roots
        installOrder = order.map { workers[$0] }
        self.edges = check.edges
        self.depth = depth
    }
}
