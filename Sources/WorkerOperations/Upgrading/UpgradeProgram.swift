// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import NIOCore
import RegistryAPI
import RegistryClient
import SystemPackage
import Transport
package import WorkerModel

/// Replaces the program that runs by the one that a registry offers, and back.
///
/// What is running goes on with the program that it was started from. The program before is kept beside the new one as
/// `iii.previous`.
package struct UpgradeProgram: Sendable {
    /// The most bytes of a program.
    static let limit = ByteCount.mebibytes(256)

    /// What came of it.
    package enum Outcome: Hashable, Sendable {
        /// The registry offers this version, which is the one that runs.
        case current
        /// The registry offers an older one.
        case newer(than: SemanticVersion)
        /// This one is offered, and nothing was done as only that was asked.
        case offered(SemanticVersion)
        case upgraded(to: SemanticVersion)
    }

    private let program: InstalledProgram
    private let version: SemanticVersion
    private let target: TargetTriple
    private let registry: RegistryConnection

    /// - Parameters:
    ///   - program: The program that is replaced.
    ///   - version: Its version.
    ///   - target: What it runs on.
    ///   - registry: Where a newer one comes from.
    package init(
        _ program: InstalledProgram,
        version: SemanticVersion,
        target: TargetTriple,
        from registry: RegistryConnection
    ) {
        self.program = program
        self.version = version
        self.target = target
        self.registry = registry
    }

    /// Asks the registry, and unless `onlyChecks` fetches, checks and puts in place what is newer.
    ///
    /// Effects on disk: each file is written beside its place, synced, and renamed to it; `NAME.previous` is what was there.
    ///
    /// - Throws: `UpgradeError`, `HostError`, what the registry's client and downloads throw.
    package func run(onlyChecks: Bool = false) async throws -> Outcome {
        guard let offered = try await registry.client.programs() else {
            throw UpgradeError.notOffered(registry: registry.client.base.description)
        }
        if offered.version == version { return .current }
        if offered.version < version { return .newer(than: offered.version) }
        guard let build = offered.builds.first(where: { $0.target == target }) else {
            throw UpgradeError.otherTarget(target, offered: offered.builds.map(\.target))
        }
        if onlyChecks { return .offered(offered.version) }
        // A name that is none of these is a path to anywhere: it is refused before anything is looked at.
        let files = build.inOrder
        guard files.last?.name == "iii", files.allSatisfy({ InstalledProgram.names.contains($0.name) }) else {
            throw UpgradeError.incomplete(registry: registry.client.base.description)
        }
        try program.checkIsOurs()
        let lock = try await program.lock()
        defer { lock.release() }
        try program.tidy()
        // Somebody else may have brought it meanwhile.
        if try files.allSatisfy({ try program.has($0.name, as: $0.digest) }) {
            return .upgraded(to: offered.version)
        }
        var staged: [(name: String, path: FilePath)] = []
        do {
            for file in files { staged.append((file.name, try await fetch(file))) }
            try await program.check(staged[staged.count - 1].path, is: offered.version)
            try program.replace(staged)
        } catch {
            for (_, path) in staged { try? HostFiles.removeFile(path) }
            throw error
        }
        return .upgraded(to: offered.version)
    }

    /// Writes a file beside its place, hashing on the way.
    private func fetch(_ file: OfferedPrograms.File) async throws -> FilePath {
        var request = ArtifactRequest(
            try RemoteURL(parsing: file.url),
            upTo: min(file.size, Self.limit),
            digest: file.digest
        )
        request.registry = registry.client.base.url?.origin
        let path = HostFiles.temporarySibling(of: try program.place(of: file.name))
        do {
            while true {
                let download = try await registry.artifacts.fetch(request)
                if try await write(download.body, to: path) == file.digest { return path }
                // What an earlier try had left was not what it had fetched: once more from the start.
                if !download.isContinued { throw UpgradeError.otherBytes(file.name, registry.client.base.description) }
            }
        } catch {
            try? HostFiles.removeFile(path)
            throw error
        }
    }

    private func write(_ body: BodyStream, to path: FilePath) async throws -> Digest {
        let output = try FileDescriptor.open(
            path,
            .writeOnly,
            options: [.create, .truncate, .closeOnExec],
            permissions: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute]
        )
        var hasher = DigestHasher()
        do {
            for try await piece in body {
                try piece.withUnsafeReadableBytes {
                    hasher.update($0)
                    _ = try output.writeAll($0)
                }
            }
            try HostFiles.sync(output)
        } catch {
            try? output.close()
            throw error
        }
        try output.close()
        // Whatever the umask has taken away, everybody may start it.
        try HostFiles.setMode(0o755, of: path)
        return hasher.finalize()
    }
}
