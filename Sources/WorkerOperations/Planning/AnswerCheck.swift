// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryAPI
import Resolution
import WorkerModel

/// Holds what a registry answered to what it was asked, and to itself.
enum AnswerCheck {
    /// - Throws: `PlanError`, `DependencyGraphError` (W184).
    static func run(_ answer: InstallPlan.Answer) throws {
        let root = answer.graph.root
        guard root.name == answer.name else {
            throw PlanError.otherWorker(asked: answer.name, answered: root.name)
        }
        guard answer.selector.mayMean(root.version) else {
            throw PlanError.otherVersion(answer.name, asked: answer.selector, answered: root.version)
        }
        let versions = Dictionary(answer.graph.nodes.map { ($0.name, $0.version) }) { first, _ in first }
        guard versions[root.name] == root.version else { throw PlanError.rootMissing(root.name, root.version) }
        try checkEdges(answer, versions)
        _ = try DependencyGraph(
            roots: [root.name],
            workers: answer.graph.nodes.map(\.name),
            edges: answer.graph.edges.map { DependencyEdge(from: $0.from, to: $0.to, range: $0.range) },
            limits: DependencyGraph.Limits(depth: .max, workers: .max)
        )
    }

    private static func checkEdges(
        _ answer: InstallPlan.Answer,
        _ versions: [WorkerName: SemanticVersion]
    ) throws(PlanError) {
        for edge in answer.graph.edges {
            guard let version = versions[edge.to], let selector = try? VersionSelector(parsingDependency: edge.range),
                !selector.mayMean(version)
            else { continue }
            throw .rangeBroken(from: edge.from, to: edge.to, range: edge.range, version: version)
        }
        for node in answer.graph.nodes {
            for dependency in node.dependencies
            where versions[dependency.name] == nil && !answer.elsewhere.contains(dependency.name) {
                throw .dependencyMissing(of: node.name, dependency.name)
            }
        }
    }
}
