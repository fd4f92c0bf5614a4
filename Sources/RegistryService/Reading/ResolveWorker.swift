// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import RegistryAPI
import RegistryStorage
import Resolution
import WorkerModel

/// A worker with everything that it needs, one version of each.
package struct ResolveWorker: Sendable {
    private let store: any RegistryStore
    private let publicURL: @Sendable () -> PublicURL

    init(store: any RegistryStore, publicURL: @escaping @Sendable () -> PublicURL) {
        self.store = store
        self.publicURL = publicURL
    }

    /// Resolves on one snapshot of the registry.
    ///
    /// - Returns: the answer as JSON.
    /// - Throws: `RegistryServiceError.unresolved`; `RegistryStorageError`.
    package func callAsFunction(_ request: ResolveRequest) async throws -> [UInt8] {
        let (graph, nodes, warnings) = try await store.read { session in
            let graph = try Self.graph(request, in: session)
            return (
                graph, try graph.nodes.map { try Self.text(of: $0, in: session) },
                try graph.nodes.flatMap { try Self.warnings(of: $0, in: session) }
            )
        }
        return answer(request, graph, nodes, warnings)
    }

    private static func graph(
        _ request: ResolveRequest,
        in session: any RegistryReadSession
    ) throws -> Resolution.ResolvedGraph {
        do {
            return try Resolver { try session.index(of: $0) }.resolve(request.worker, request.selector)
        } catch let failure as ResolutionFailure {
            if case .exact(let version) = request.selector, failure.isRoot,
                let removal = try session.removal(of: version, of: request.worker), removal.isAbuse
            {
                throw RegistryServiceError.versionRemoved(request.worker, removal)
            }
            throw RegistryServiceError.unresolved(failure)
        }
    }

    /// What is said of a version that is part of a graph.
    private static func warnings(
        of node: Resolution.ResolvedGraph.Node,
        in session: any RegistryReadSession
    ) throws -> [GraphWarning] {
        var warnings: [GraphWarning] = []
        func warn(_ code: String, _ message: String, _ replacement: WorkerName? = nil) {
            warnings.append(
                GraphWarning(
                    worker: node.name,
                    version: node.version,
                    code: code,
                    message: message,
                    replacement: replacement
                )
            )
        }
        if node.isYanked, let yank = try session.yank(of: node.version, of: node.name) {
            warn(GraphWarning.yanked, yank.reason)
        }
        let deprecations = try session.deprecations(of: node.name)
        if let notice = DeprecationNotice(of: node.version, among: deprecations) {
            warn(GraphWarning.deprecated, notice.message, notice.replacement)
        }
        return warnings
    }

    private static func text(
        of node: Resolution.ResolvedGraph.Node,
        in session: any RegistryReadSession
    ) throws -> String {
        guard let answers = try session.answers(node.version, of: node.name) else {
            throw RegistryStorageError.damaged(what: "`\(node.name)@\(node.version)` has an index and no answers")
        }
        return answers.resolveNode
    }

    /// The answer around the nodes, which are ready.
    private func answer(
        _ request: ResolveRequest,
        _ graph: Resolution.ResolvedGraph,
        _ nodes: [String],
        _ warnings: [GraphWarning]
    ) -> [UInt8] {
        let root = RegistryAPI.ResolvedGraph.Root(name: graph.root.name, version: graph.root.version)
        let edges = graph.edges.map { edge in
            RegistryAPI.ResolvedGraph.Edge(from: edge.from, to: edge.to, range: edge.range).json
        }
        var output = Array("{\"root\":".utf8) + root.json.bytes()
        if let target = request.target {
            output += Array(",\"target\":".utf8) + JSONValue.string(target.description).bytes()
        }
        output += ",\"graph\":[".utf8
        let publicURL = publicURL()
        for (index, node) in nodes.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            AnswerText.append(node, publicURL: publicURL, to: &output)
        }
        output += Array("],\"edges\":".utf8) + JSONValue.array(edges).bytes()
        if !warnings.isEmpty {
            output += Array(",\"warnings\":".utf8) + JSONValue.array(warnings.map(\.json)).bytes()
        }
        output.append(UInt8(ascii: "}"))
        return output
    }
}
