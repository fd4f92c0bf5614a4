// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import ArtifactStore
import Diagnostics
import HostSystem
import Manifests
import RegistryAPI
import RegistryClient
import Synchronization
import SystemPackage
import Transport
import WorkerModel

/// Something that has to be on this machine for a worker.
struct WantedArtifact: Sendable {
    let name: WorkerName
    let version: SemanticVersion?
    let delivery: Delivery
    /// The registry that says where it lies; nil where nobody knows.
    var registry: String?
    /// The project has it just so already: that it is there is nothing to tell.
    var isKept = false
    /// What the registry says that it asks to call; nil where it says nothing.
    var calls: [String]?
}

/// Fetches what is wanted and the store lacks, several at a time, and has it verified and placed.
struct InstallArtifacts: Sendable {
    /// What became of one artifact.
    enum Result: Hashable, Sendable {
        case installed
        case alreadyThere
        /// It was there, and was fetched again.
        case replaced
    }

    /// How many files are fetched at once.
    private static let width = 6

    let registry: RegistryConnection
    let installation: Installation
    let images: any ImagePuller
    let events: any EventSink

    /// Ends when everything is in the store.
    ///
    /// The first failure stops the rest and is thrown.
    func run(_ wanted: [WantedArtifact], replacing: @escaping @Sendable (WantedArtifact) -> Bool) async throws {
        for (_, result) in await results(wanted, stopsAtFirstFailure: true, replacing: replacing) {
            _ = try result.get()
        }
        try Task.checkCancellation()
    }

    /// What became of each, in the order of `wanted`; those that a failure stopped have none.
    func results(
        _ wanted: [WantedArtifact],
        stopsAtFirstFailure: Bool = false,
        replacing: @escaping @Sendable (WantedArtifact) -> Bool
    ) async -> [(WantedArtifact, Swift.Result<Result, any Error>)] {
        await withTaskGroup(of: (Int, Swift.Result<Result, any Error>).self) { group in
            var results: [(Int, Swift.Result<Result, any Error>)] = []
            var next = 0
            while next < wanted.count || results.count < next {
                if next < wanted.count, next - results.count < Self.width {
                    let (index, artifact) = (next, wanted[next])
                    group.addTask { (index, await outcome(of: artifact, isReplacing: replacing(artifact))) }
                    next += 1
                    continue
                }
                guard let result = await group.next() else { break }
                results.append(result)
                if stopsAtFirstFailure, case .failure = result.1 {
                    group.cancelAll()
                    // The failure itself, not the cancellations that it brought about.
                    return [(wanted[result.0], result.1)]
                }
            }
            return results.sorted { $0.0 < $1.0 }.map { (wanted[$0.0], $0.1) }
        }
    }

    private func outcome(
        of wanted: WantedArtifact,
        isReplacing: Bool
    ) async -> Swift.Result<Result, any Error> {
        do {
            switch wanted.delivery {
            case .archive(let remote, let key):
                return .success(try await install(wanted, remote, key, isReplacing: isReplacing))
            case .image(let image):
                if wanted.version != nil, image.reference.isOfThisMachine,
                    !registry.allowsImagesOfThisMachine(image.reference, try origin(of: wanted))
                {
                    throw PlanError.imageOfThisMachine(wanted.name, image.reference)
                }
                return .success(try await pull(image, for: wanted.name, isReplacing: isReplacing))
            }
        } catch let error as CancellationError {
            return .failure(error)
        } catch {
            return .failure(InstallFailed(name: wanted.name, version: wanted.version, cause: error))
        }
    }

    /// The registry that said where something lies.
    private func origin(of wanted: WantedArtifact) throws -> RemoteURL.Origin? {
        let base = try wanted.registry.map { try RegistryBase($0, from: "iii.lock") } ?? registry.client.base
        return base.url?.origin
    }

    private func pull(_ image: LockedImage, for name: WorkerName, isReplacing: Bool) async throws -> Result {
        let isThere = try await images.isPresent(image)
        if isThere, !isReplacing { return .alreadyThere }
        try await images.pull(image, for: name, replacing: isReplacing, events)
        return isThere ? .replaced : .installed
    }

    private func install(
        _ wanted: WantedArtifact,
        _ remote: RemoteArtifact,
        _ key: ArtifactKey,
        isReplacing: Bool
    ) async throws -> Result {
        let isThere = try installation.store.contains(key)
        if !isReplacing, isThere {
            // The bytes are known to be sound, but not that they are this worker's.
            try check(wanted, key, installation.store.tree(of: key))
            if let version = wanted.version, !wanted.isKept { events.receive(.alreadyInstalled(wanted.name, version)) }
            return .alreadyThere
        }
        try await fetch(wanted, remote, key, isReplacing: isReplacing)
        if let version = wanted.version { events.receive(.installed(wanted.name, version)) }
        return isThere ? .replaced : .installed
    }

    private func fetch(
        _ wanted: WantedArtifact,
        _ remote: RemoteArtifact,
        _ key: ArtifactKey,
        isReplacing: Bool
    ) async throws {
        let name = wanted.name
        let limits: ArchiveLimits = key.executable == nil ? .bundle : .binary
        let received = Mutex(ByteCount.zero)
        var request = ArtifactRequest(
            try RemoteURL(parsing: remote.url),
            upTo: limits.compressed,
            digest: remote.digest
        ) { total, _ in
            let piece = received.withLock { received in
                defer { received = total }
                return ByteCount(total.bytes - received.bytes)
            }
            events.receive(.received(name, piece))
        }
        request.registry = try origin(of: wanted)
        while true {
            let download = try await registry.artifacts.fetch(request)
            if let version = wanted.version { events.receive(.fetching(name, version, size: download.length)) }
            do {
                _ = try await installation.store.install(
                    key,
                    from: download.body,
                    limits: limits,
                    replacing: isReplacing
                ) { staged in try check(wanted, key, staged.tree) }
                return
            } catch ArtifactStoreError.digestMismatch where download.isContinued {
                // What an earlier try had left was not what it had fetched: once more from the start.
                received.withLock { $0 = .zero }
            }
        }
    }

    /// Holds the manifest of a bundle to the rules of bundles, and to the name and version that were resolved.
    private func check(_ wanted: WantedArtifact, _ key: ArtifactKey, _ tree: FilePath) throws {
        guard key.executable == nil else { return }
        let manifest = try InstalledBundle.manifest(in: tree)
            .checkedAsBundle(named: wanted.name, version: wanted.version)
        if let told = wanted.calls, Set(told) != Set(manifest.calls.map(\.description)) {
            throw CallsDiffer(name: wanted.name, told: told, declared: manifest.calls)
        }
        for warning in manifest.warnings.prefix(PrintableText.mostLines) {
            events.receive(.warning("\(wanted.name): \(warning.message)", warning.code))
        }
        let others = manifest.warnings.count - PrintableText.mostLines
        if others > 0 {
            events.receive(
                .warning("\(wanted.name): \(others) more warnings about its `\(WorkerManifest.fileName)`", nil)
            )
        }
    }
}

/// What an unpacked bundle says of itself.
enum InstalledBundle {
    static func manifest(in tree: FilePath) throws -> WorkerManifest {
        let path = tree.appending(WorkerManifest.fileName)
        do {
            guard let bytes = try HostFiles.read(path, upTo: WorkerManifest.maximumSize) else {
                throw BundleWithoutManifest.missing
            }
            return try WorkerManifest(parsing: bytes)
        } catch is FileTooLarge {
            throw BundleWithoutManifest.tooLarge
        } catch let error as HostError where error.isAboutKind {
            throw BundleWithoutManifest.folder
        }
    }
}

/// A bundle that has no manifest at its root that could be read.
enum BundleWithoutManifest: CodedError {
    case missing
    case tooLarge
    /// Something else has its name.
    case folder

    var code: ErrorCode { .bundleManifestRejected }
    var message: String {
        switch self {
        case .missing: "the archive has no `\(WorkerManifest.fileName)` at its root"
        case .tooLarge: "the archive's `\(WorkerManifest.fileName)` is larger than \(WorkerManifest.maximumSize)"
        case .folder: "`\(WorkerManifest.fileName)` in the archive is a folder, not a file"
        }
    }
    var hints: [String] { ["tell the publisher of the worker: no `iii` can install this version"] }
}

/// A worker of a plan that could not be installed.
///
/// The code is that of the cause.
struct InstallFailed: CodedError {
    let name: WorkerName
    let version: SemanticVersion?
    let cause: (any Error)?

    private var inner: (any CodedError)? { cause as? any CodedError }

    var code: ErrorCode { inner?.code ?? .internalError }
    var message: String { "cannot install `\(name)`" + (version.map { " \($0)" } ?? "") }
    var hints: [String] { inner?.hints ?? [] }
    var details: [(key: String, value: String)] {
        [("worker", name.description)] + (version.map { [("version", $0.description)] } ?? [])
            + (inner?.details ?? [])
    }
}
