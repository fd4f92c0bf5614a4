// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import ArgumentParser
import Diagnostics
import HostSystem
import RegistryService
import RegistryStorage
import SystemPackage
import WorkerModel

/// `iii-registry import-programs`.
struct ImportPrograms: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import-programs",
        abstract: "Offer programs of iii to the users of the registry.",
        discussion: """
            Takes each `iii-VERSION-TARGET.tar.gz` of a folder that `make dist` made, once its `SHA256SUMS` agree. Users \
            install with `curl -fsSL URL/install.sh | sh`, and `iii upgrade` brings what is offered. It works while the \
            registry serves.

            Examples:
              iii-registry import-programs ./dist --data /var/lib/iii-registry
            """
    )

    @OptionGroup var data: DataOptions

    @Argument(help: ArgumentHelp("A folder with the archives and their SHA256SUMS.", valueName: "folder"))
    var folder: String

    @Flag(help: "Offer an older version than the one that is offered.")
    var allowOlder = false

    func run() async throws {
        let release = try ReleaseFolder(try HostEnvironment.live().absolute(folder))
        try await data.withFolder { registry in
            var programs: [ServedProgram] = []
            for archive in release.archives { programs += try await take(archive, into: registry) }
            try await OfferPrograms.offer(programs, in: registry.store, allowsOlder: allowOlder)
        }
        for archive in release.archives { Output.say("offers iii \(archive.version) for \(archive.target)") }
    }

    /// Unpacks an archive and stores its programs as blobs.
    private func take(_ archive: ReleaseFolder.Archive, into registry: DataFolder) async throws -> [ServedProgram] {
        let scratch = registry.path.appending("import-\(HostProcess.identifier)")
        try HostFiles.removeTree(scratch)
        try HostFiles.makeDirectory(scratch, mode: 0o700)
        // What it left, the next import of this process number takes away.
        defer { try? HostFiles.removeTree(scratch) }
        try ArchiveFile.unpack(archive.path, into: scratch, limits: ReleaseFolder.limits)
        var programs: [ServedProgram] = []
        for (name, place) in [("iii", "bin/iii"), ("iii-guest", "libexec/iii/iii-guest")] {
            let file = scratch.appending(archive.folder).appending(place)
            guard try HostFiles.kind(of: file) == .file else {
                throw ReleaseError.incomplete(archive.path, missing: place)
            }
            let blob = try await store(file, in: registry)
            programs.append(
                ServedProgram(
                    version: archive.version,
                    target: archive.target,
                    name: name,
                    digest: blob.digest,
                    size: blob.size
                )
            )
        }
        return programs
    }

    private func store(_ file: FilePath, in registry: DataFolder) async throws -> StoredBlob {
        let digest = try HostFiles.digest(of: file)
        let upload = try await registry.blobs.beginUpload(upTo: ReleaseFolder.limits.file)
        do {
            for try await piece in FilePieces(of: file) { try await upload.append(piece) }
            return try await upload.finish(expecting: digest, at: WallClock.now())
        } catch {
            await upload.abandon()
            throw error
        }
    }
}
