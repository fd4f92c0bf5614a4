// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ProjectFiles
import RegistryAPI
import WorkerModel

/// A version of a worker that may be installed: one that a registry has answered with, or one that the project has.
struct Candidate: Sendable {
    let node: GraphNode
    /// Whether the lock file has it just so.
    let isLocked: Bool
    /// The registry that it comes from; nil where an older lock file does not say.
    let registry: String?
    /// What it needs.
    let demands: [Demand]

    var version: SemanticVersion { node.version }
}

extension Candidate {
    /// A worker of the lock file; nil for one whose version is none, which nothing can be held against.
    ///
    /// Of what it needs, that counts which the project gives it now: a lock file that contradicts itself is for `verify`
    /// to tell of, not for every command to stumble over.
    init?(
        _ name: WorkerName,
        _ locked: LockedWorker,
        in state: ProjectState,
        _ own: [WorkerName: SemanticVersion?]
    ) {
        guard let version = locked.version.semantic else { return nil }
        let dependencies = locked.dependencies.sorted { $0.key < $1.key }
            .map { WorkerDependency(name: $0.key, selector: $0.value.description) }
        node = GraphNode(
            name: name,
            version: version,
            artifacts: WorkerArtifacts(locked.source),
            dependencies: dependencies
        )
        isLocked = true
        registry = locked.registry.map(ProjectState.normal)
        demands = dependencies.map { Demand(.worker(name), $0.name, text: $0.selector, meaning: nil) }
            .filter { state.meets($0, own) }
    }

    /// The workers of an answer.
    static func all(of answer: InstallPlan.Answer) -> [Candidate] {
        let versions = Dictionary(answer.graph.nodes.map { ($0.name, $0.version) }) { first, _ in first }
        return answer.graph.nodes.map { node in
            let demands = node.dependencies.map {
                Demand(.worker(node.name), $0.name, text: $0.selector, meaning: versions[$0.name])
            }
            return Candidate(node: node, isLocked: false, registry: answer.registry, demands: demands)
        }
    }
}

extension WorkerArtifacts {
    init(_ source: LockedWorker.Source) {
        switch source {
        case .engine: self = .engine
        case .image(let reference): self = .image(reference)
        case .bundle(let artifact): self = .bundle(RemoteArtifact(url: artifact.url, digest: artifact.digest))
        case .binary(let builds):
            self = .binaries(builds.mapValues { RemoteArtifact(url: $0.url, digest: $0.digest) })
        }
    }
}

extension LockedWorker.Source {
    init(_ artifacts: WorkerArtifacts) {
        switch artifacts {
        case .engine: self = .engine
        case .image(let reference): self = .image(reference)
        case .bundle(let remote): self = .bundle(LockedWorker.Artifact(url: remote.url, digest: remote.digest))
        case .binaries(let builds):
            self = .binary(builds.mapValues { LockedWorker.Artifact(url: $0.url, digest: $0.digest) })
        }
    }
}
