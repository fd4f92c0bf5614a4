// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import RegistryAPI
import Transport
import WorkerModel

extension RegistryClient {
    /// Asks for a worker with everything that it needs.
    ///
    /// A server that does not know the question (404 or 405 in words of its own) is asked for the worker alone.
    /// Nothing of the answer has been held against the request.
    ///
    /// - Throws: `RegistryClientError`, `TransportError`.
    package func resolve(_ request: ResolveRequest) async throws -> ResolvedGraph {
        let conversation = Conversation.resolve(request.worker, request.selector)
        if case .fixture = base.place { return try fixtureGraph(for: conversation) }
        let wire = try self.request(.post, .resolve, for: conversation, json: request.json)
        let answer = try await exchange(wire, for: conversation)
        if [404, 405].contains(answer.status), answer.envelope == nil { return try await graphOfOne(request) }
        return try value(of: answer, for: conversation)
    }

    /// Asks for a worker without what it needs, which its node names.
    ///
    /// - Throws: `RegistryClientError`, `TransportError`.
    package func resolveAlone(_ request: ResolveRequest) async throws -> ResolvedGraph {
        var graph = try await graphOfOne(request)
        let detail = try await detail(of: request.worker, .exact(graph.root.version))
        for index in graph.nodes.indices { graph.nodes[index].dependencies = detail.dependencies }
        return graph
    }

    /// The graph of a worker alone, from a server that cannot resolve.
    private func graphOfOne(_ request: ResolveRequest) async throws -> ResolvedGraph {
        let conversation = Conversation.resolve(request.worker, request.selector)
        let wire = try self.request(.get, .download(request.worker, selector: request.selector), for: conversation)
        let answer = try await exchange(wire, for: conversation)
        guard answer.status != 204 else {
            let version = try await engineVersion(request)
            return ResolvedGraph(WorkerDownload(name: request.worker, version: version, artifacts: .engine))
        }
        return ResolvedGraph(try value(of: answer, for: conversation, as: WorkerDownload.self))
    }

    /// The version of a part of the engine, of which `GET /download` says nothing.
    private func engineVersion(_ request: ResolveRequest) async throws -> SemanticVersion {
        if case .exact(let version) = request.selector { return version }
        do { return try await detail(of: request.worker, request.selector).version } catch is RegistryClientError {
            throw failure(.unknownVersion, .resolve(request.worker, request.selector))
        }
    }
}

extension ResolvedGraph {
    /// A graph of one worker.
    init(_ download: WorkerDownload) {
        let node = GraphNode(
            name: download.name,
            version: download.version,
            artifacts: download.artifacts,
            config: download.config
        )
        self.init(root: Root(name: download.name, version: download.version), nodes: [node], edges: [])
    }
}
