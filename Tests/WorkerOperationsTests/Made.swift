// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import Manifests
import ProjectFiles
import RegistryAPI
import SystemPackage
import Testing
import WorkerModel

@testable import WorkerOperations

/// Made-up answers of a registry, and projects that came from them.
enum Made {
    static let registry = "https://registry.example"

    static func name(_ text: String) throws -> WorkerName { try WorkerName(parsing: text) }

    /// A bundle; its digest tells name and version.
    static func node(_ name: String, _ version: String, needs: [String: String] = [:]) throws -> GraphNode {
        GraphNode(
            name: try Self.name(name),
            version: try SemanticVersion(parsing: version),
            artifacts: .bundle(
                RemoteArtifact(
                    url: "https://cdn.example/\(name)-\(version).tar.gz",
                    digest: Digest.sha256("\(name) \(version)".utf8)
                )
            ),
            dependencies: try needs.sorted { $0.key < $1.key }.map {
                WorkerDependency(name: try Self.name($0.key), selector: $0.value)
            }
        )
    }

    /// What a registry answers for the first of some nodes, whose edges are what they declare.
    static func answer(
        _ selector: String,
        _ nodes: GraphNode...,
        isAsked: Bool = true,
        at registry: String = Made.registry
    ) throws -> InstallPlan.Answer {
        let root = try #require(nodes.first)
        let selector = try VersionSelector(parsing: selector)
        let graph = RegistryAPI.ResolvedGraph(
            root: .init(name: root.name, version: root.version),
            nodes: nodes,
            edges: nodes.flatMap { node in
                node.dependencies.map { .init(from: node.name, to: $0.name, range: $0.selector) }
            }
        )
        return InstallPlan.Answer(
            name: root.name,
            selector: selector,
            graph: graph,
            registry: registry,
            recorded: isAsked ? selector : nil
        )
    }

    /// A local worker in a folder that nobody looks into.
    static func local(_ name: String?, version: String? = nil, needs: [String: String] = [:]) throws -> LocalWorker {
        let dependencies = needs.sorted { $0.key < $1.key }.map { "  \($0.key): \"\($0.value)\"" }
        let text = "name: \(name ?? "project")\ndependencies:\n\(dependencies.joined(separator: "\n"))\n"
        return LocalWorker(
            name: try name.map(Self.name),
            folder: FilePath("/work/\(name ?? "")"),
            version: try version.map { try SemanticVersion(parsing: $0) },
            dependencies: try WorkerManifest(parsing: Array(text.utf8)).dependencies
        )
    }

    static func empty(_ config: String = "") throws -> ProjectState {
        ProjectState(config: try ConfigFile(parsing: config), lock: Lockfile())
    }

    /// A project to which some answers were added, one after the other.
    static func project(_ answers: InstallPlan.Answer...) throws -> ProjectState {
        var state = try empty()
        for answer in answers { try state.add(InstallPlan.Input(answers: [answer])) }
        return state
    }

    /// The error of a body that must fail with a code.
    @discardableResult
    static func expect(
        _ code: ErrorCode,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> some Any
    ) -> (any CodedError)? {
        do {
            _ = try body()
            Issue.record("expected \(code)", sourceLocation: sourceLocation)
            return nil
        } catch {
            let coded = error as? any CodedError
            #expect(coded?.code == code, "\(error)", sourceLocation: sourceLocation)
            return coded
        }
    }
}

extension ProjectState {
    /// Plans and applies; returns what was taken out.
    @discardableResult
    mutating func add(_ input: InstallPlan.Input) throws -> [String] {
        try apply(try InstallPlan(input, in: self)).map(\.description)
    }

    /// `NAME VERSION` of everything that is locked.
    var locked: [String] { lock.workers.map { "\($0.key) \($0.value.version)" }.sorted() }

    var listed: [String] { config.entries.map(\.name.description) }
}

extension InstallPlan {
    /// `NAME VERSION`, marked where it stays as it is.
    var brief: [String] { steps.map { "\($0.name) \($0.version ?? "-")\($0.isKept ? " kept" : "")" } }
}
