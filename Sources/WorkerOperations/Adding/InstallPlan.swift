// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArtifactStore
package import RegistryAPI
import Resolution
package import WorkerModel

/// What adding some workers will install, checked: nothing in it comes from a registry unexamined.
package struct InstallPlan: Sendable {
    /// One worker of the plan.
    package struct Step: Sendable {
        package let node: GraphNode
        /// What the user asked for, nil for a worker that others need.
        package let requested: VersionSelector?
        /// What is fetched for this host; nil for a worker that is part of the engine.
        package let artifact: Artifact?

        package var isRequested: Bool { requested != nil }
    }

    /// The bytes that are fetched for one worker.
    package struct Artifact: Hashable, Sendable {
        package let remote: RemoteArtifact
        let key: ArtifactKey
    }

    /// What one resolve request asked, and what came back.
    struct Answer: Sendable {
        let name: WorkerName
        let selector: VersionSelector
        let graph: RegistryAPI.ResolvedGraph
    }

    /// In the order of installing: what others need comes before them.
    package let steps: [Step]
    /// Edges in the longest chain of needs.
    package let depth: Int

    /// Merges the answers of a registry and checks them.
    ///
    /// - Parameters:
    ///   - answers: One for each worker that was asked for.
    ///   - host: The platform to install for; nil where nobody builds for this host.
    ///   - limits: How large the graph may be.
    /// - Throws: `DependencyGraphError` (W183, W184); `PlanError` for an answer to something else than was asked, for
    ///   versions that contradict each other, and for a worker that was not built for the host.
    init(_ answers: [Answer], host: TargetTriple?, limits: DependencyGraph.Limits) throws {
        var nodes: [WorkerName: GraphNode] = [:]
        var order: [WorkerName] = []
        var askedThrough: [WorkerName: WorkerName] = [:]
        for answer in answers {
            try Self.check(answer)
            for node in answer.graph.nodes {
                guard let known = nodes[node.name] else {
                    nodes[node.name] = node
                    order.append(node.name)
                    askedThrough[node.name] = answer.name
                    continue
                }
                if known.version != node.version {
                    let first = askedThrough[node.name] ?? answer.name
                    throw PlanError.conflict(
                        node.name,
                        [(known.version, through: first), (node.version, through: answer.name)]
                    )
                }
            }
        }
        let graph = try DependencyGraph(
            roots: answers.map(\.name),
            workers: order,
            edges: answers.flatMap { answer in
                answer.graph.edges.map { DependencyEdge(from: $0.from, to: $0.to, range: $0.range) }
            },
            limits: limits
        )
        let requested = Dictionary(answers.map { ($0.name, $0.selector) }) { first, _ in first }
        steps = try graph.installOrder.compactMap { nodes[$0] }.map { node in
            Step(node: node, requested: requested[node.name], artifact: try Self.artifact(of: node, for: host))
        }
        depth = graph.depth
    }

    /// Holds an answer to what was asked, and to itself.
    private static func check(_ answer: Answer) throws(PlanError) {
        let root = answer.graph.root
        guard root.name == answer.name else { throw .otherWorker(asked: answer.name, answered: root.name) }
        guard answer.selector.mayMean(root.version) else {
            throw .otherVersion(answer.name, asked: answer.selector, answered: root.version)
        }
        let versions = Dictionary(answer.graph.nodes.map { ($0.name, $0.version) }) { first, _ in first }
        guard versions[root.name] == root.version else { throw .rootMissing(root.name, root.version) }
        for edge in answer.graph.edges {
            guard let version = versions[edge.to], let selector = try? VersionSelector(parsingDependency: edge.range),
                !selector.mayMean(version)
            else { continue }
            throw .rangeBroken(from: edge.from, to: edge.to, range: edge.range, version: version)
        }
        let names = Set(versions.keys)
        for node in answer.graph.nodes {
            for dependency in node.dependencies where !names.contains(dependency.name) {
                throw .dependencyMissing(of: node.name, dependency.name)
            }
        }
    }

    private static func artifact(of node: GraphNode, for host: TargetTriple?) throws(PlanError) -> Artifact? {
        switch node.artifacts {
        case .engine: return nil
        case .bundle(let remote): return Artifact(remote: remote, key: .bundle(remote.digest))
        case .image: throw .imageNotSupported(node.name)
        case .binaries(let builds):
            for target in host?.runnable ?? [] {
                guard let remote = builds[target] else { continue }
                return Artifact(remote: remote, key: .binary(remote.digest, of: node.name, for: target))
            }
            throw .platform(node.name, node.version, host: host, available: builds.keys.sorted())
        }
    }
}
