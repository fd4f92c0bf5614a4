// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Resolution
import WorkerModel

/// A joined graph, to take parts of: what some workers need, directly and through others.
struct PlanParts {
    private let order: [WorkerName]
    private let edges: [DependencyEdge]
    private let needs: [WorkerName: [WorkerName]]

    init(_ joined: GraphJoin.Outcome, _ world: PlanWorld) {
        order = (joined.order + world.roots).unique
        edges = joined.edges
        needs = Dictionary(grouping: edges, by: \.from).mapValues { $0.map(\.to) }
    }

    func reachable(from roots: [WorkerName]) -> Set<WorkerName> {
        var found: Set<WorkerName> = []
        var open = roots
        while let name = open.popLast() {
            if found.insert(name).inserted { open += needs[name] ?? [] }
        }
        return found
    }

    /// The checked graph of some workers with all that they need.
    func graph(
        of roots: [WorkerName],
        limits: DependencyGraph.Limits
    ) throws(DependencyGraphError) -> DependencyGraph {
        let names = reachable(from: roots)
        return try DependencyGraph(
            roots: roots,
            workers: order.filter(names.contains),
            edges: edges.filter { names.contains($0.from) && names.contains($0.to) },
            limits: limits
        )
    }
}
