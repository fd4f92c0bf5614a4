// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import ArtifactStore
import Diagnostics
import HostSystem
import Manifests
import RegistryAPI
import Synchronization
import SystemPackage
import Transport
import WorkerModel

/// Fetches what a plan needs and the store lacks, several at a time, and has it verified and placed.
struct InstallArtifacts: Sendable {
    /// How many files are fetched at once.
    private static let width = 6

    let registry: RegistryConnection
    let installation: Installation
    let events: any EventSink

    /// Ends when everything is in the store.
    ///
    /// The first failure stops the rest and is thrown.
    func run(_ plan: InstallPlan, isForced: Bool) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for step in plan.steps {
                guard let artifact = step.artifact else { continue }
                if running == Self.width { try await group.next() }
                running = min(running + 1, Self.width)
                group.addTask { try await install(step, artifact, isForced: isForced) }
            }
            try await group.waitForAll()
        }
    }

    private func install(_ step: InstallPlan.Step, _ artifact: InstallPlan.Artifact, isForced: Bool) async throws {
        let (name, version) = (step.node.name, step.node.version)
        do {
            if !isForced, try installation.store.contains(artifact.key) {
                // The bytes are known to be sound, but not that they are this worker's.
                try check(step, installation.store.tree(of: artifact.key))
                events.receive(.alreadyInstalled(name, version))
                return
            }
            try await fetch(step, artifact, isForced: isForced)
            events.receive(.installed(name, version))
        } catch let error where !(error is CancellationError) {
            throw InstallFailed(name: name, version: version, cause: error)
        }
    }

    private func fetch(_ step: InstallPlan.Step, _ artifact: InstallPlan.Artifact, isForced: Bool) async throws {
        let name = step.node.name
        let limits: ArchiveLimits = step.node.kind == .bundle ? .bundle : .binary
        let received = Mutex(ByteCount.zero)
        let request = ArtifactRequest(try RemoteURL(parsing: artifact.remote.url), upTo: limits.compressed) {
            total,
            _ in
            let piece = received.withLock { received in
                defer { received = total }
                return ByteCount(total.bytes - received.bytes)
            }
            events.receive(.received(name, piece))
        }
        let download = try await registry.artifacts.fetch(request)
        events.receive(.fetching(name, step.node.version, size: download.length))
        _ = try await installation.store.install(
            artifact.key,
            from: download.body,
            limits: limits,
            replacing: isForced
        ) { staged in try check(step, staged.tree) }
    }

    /// Holds the manifest of a bundle to the rules of bundles, and to the name and version that were resolved.
    private func check(_ step: InstallPlan.Step, _ tree: FilePath) throws {
        guard step.node.kind == .bundle else { return }
        let path = tree.appending(WorkerManifest.fileName)
        guard let bytes = try HostFiles.read(path, upTo: WorkerManifest.maximumSize) else {
            throw BundleWithoutManifest()
        }
        let manifest = try WorkerManifest(parsing: bytes)
            .checkedAsBundle(named: step.node.name, version: step.node.version)
        for warning in manifest.warnings {
            events.receive(.warning("\(step.node.name): \(warning.message)", warning.code))
        }
    }
}

/// A bundle that has no manifest at its root.
struct BundleWithoutManifest: CodedError {
    var code: ErrorCode { .bundleManifestRejected }
    var message: String { "the archive has no `\(WorkerManifest.fileName)` at its root" }
}

/// A worker of a plan that could not be installed.
///
/// The code is that of the cause.
struct InstallFailed: CodedError {
    let name: WorkerName
    let version: SemanticVersion
    let cause: (any Error)?

    private var inner: (any CodedError)? { cause as? any CodedError }

    var code: ErrorCode { inner?.code ?? .internalError }
    var message: String { "cannot install `\(name)` \(version)" }
    var hints: [String] { inner?.hints ?? [] }
    var details: [(key: String, value: String)] {
        [("worker", name.description), ("version", version.description)] + (inner?.details ?? [])
    }
}
