// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import Diagnostics
import HostSystem
import JSONText
import NIOCore
import RegistryAPI
import RegistryClient
import Transport
import WorkerModel

/// Finds out in what a version that is published differs from what was to be published under its number.
struct PublishedDifferences: Sendable {
    let registry: RegistryConnection

    /// The differences in words, most telling first; empty where they cannot be told.
    func from(_ plan: PublishPlan) async -> [String] {
        let selector = VersionSelector.exact(plan.version)
        var found: [String] = []
        // This only makes an error more telling: what cannot be looked at is left out of it.
        if let graph = try? await registry.client.resolve(ResolveRequest(worker: plan.name, selector: selector)),
            let node = graph.nodes.first(where: { $0.name == plan.name })
        {
            found += await artifacts(node.artifacts, plan)
        }
        if let detail = try? await registry.client.detail(of: plan.name, selector) {
            found += Self.words(detail, plan.request)
        }
        return found
    }

    private func artifacts(_ published: WorkerArtifacts, _ plan: PublishPlan) async -> [String] {
        switch published {
        case .bundle(let remote):
            guard let own = plan.uploads.first, plan.kind == .bundle else { return ["the kind is another one"] }
            if own.digest == remote.digest { return [] }
            return (try? await files(remote, own)) ?? ["the archive differs"]
        case .binaries(let builds):
            let own = Dictionary(plan.uploads.compactMap { upload in upload.target.map { ($0, upload.digest) } }) { $1 }
            return Set(builds.keys).union(own.keys).sorted().compactMap { target in
                switch (builds[target]?.digest, own[target]) {
                case (let old?, let new?) where old != new: "the build for `\(target)` differs"
                case (nil, .some): "the build for `\(target)` is not in the published version"
                case (.some, nil): "the build for `\(target)` is missing here"
                default: nil
                }
            }
        case .image(let reference):
            if case .image(let own) = plan.request.artifacts, own == reference { return [] }
            return ["the image is `\(reference.printable)`"]
        case .engine: return ["the kind is another one"]
        }
    }

    /// Compares two bundles file by file.
    private func files(_ remote: RemoteArtifact, _ own: PublishPlan.Upload) async throws -> [String] {
        var request = ArtifactRequest(try RemoteURL(parsing: remote.url), upTo: ArchiveLimits.bundle.compressed)
        request.registry = registry.client.base.url?.origin
        let body = try await registry.artifacts.fetch(request).body.map { $0.readableBytesView }
        let published = try await ArchivePipeline.read(body, limits: .bundle) { ArchiveInspector() }.result.get()
            .listing
        let bytes = try HostFiles.read(own.file, upTo: ArchiveLimits.bundle.compressed) ?? []
        let pieces = AsyncStream { continuation in
            continuation.yield(bytes)
            continuation.finish()
        }
        let local = try await ArchivePipeline.read(pieces, limits: .bundle) { ArchiveInspector() }.result.get().listing
        let old = Dictionary(published.files.map { ($0.path, $0) }) { first, _ in first }
        let new = Dictionary(local.files.map { ($0.path, $0) }) { first, _ in first }
        return Set(old.keys).union(new.keys).sorted().compactMap { path in
            switch (old[path], new[path]) {
            case (let old?, let new?) where old.digest != new.digest: "`\(path.printable)` differs"
            case (let old?, let new?) where old.mode != new.mode: "`\(path.printable)` has another mode"
            case (nil, .some): "`\(path.printable)` is not in the published version"
            case (.some, nil): "`\(path.printable)` is missing here"
            default: nil
            }
        }
    }

    /// Compares what is said about the two.
    private static func words(_ published: WorkerDetail, _ request: PublishRequest) -> [String] {
        let pairs: [(String, Bool)] = [
            ("the description", published.description == request.description),
            ("the README", published.readme == request.readme),
            ("the license", published.license == request.license),
            ("the repository", published.repository == request.repository),
            ("the tags", Set(published.tags) == Set(request.tags)),
            ("the dependencies", Set(published.dependencies) == Set(request.dependencies)),
            ("the functions that it asks to call", Set(published.calls) == Set(request.calls)),
            ("the default configuration", published.config.isEquivalent(to: request.config)),
            ("the functions", JSONValue.array(published.functions).isEquivalent(to: .array(request.functions))),
            ("the trigger types", JSONValue.array(published.triggers).isEquivalent(to: .array(request.triggers))),
        ]
        return pairs.filter { !$0.1 }.map { "\($0.0) differ\($0.0.hasSuffix("s") ? "" : "s")" }
    }
}
