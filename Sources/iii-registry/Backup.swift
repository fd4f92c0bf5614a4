// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import ArgumentParser
import BlobStorage
import Diagnostics
import HostSystem
import RegistryDatabase
import RegistryService
import RegistryStorage
import SystemPackage
import WorkerModel

/// `iii-registry backup`.
struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write all of a registry to one file, also while it serves.",
        discussion: """
            The file is a tar.gz with the records of one moment and every blob that they need. It appears when it is whole; \
            what stood there before is replaced then. It holds hashes of keys: keep it as you keep the registry.

            Examples:
              iii-registry backup /backups/registry-$(date +%F).tar.gz --data /var/lib/iii-registry
            """
    )

    @OptionGroup var data: DataOptions

    @Argument(help: "The file.") var file: String

    func run() async throws {
        let environment = try HostEnvironment.live()
        let folder = try DataFolder.existing(data.path(in: environment))
        let target = environment.absolute(file)
        let parent = target.removingLastComponent()
        guard try HostFiles.kind(of: parent) == .directory else { throw NoBackupFolder(path: parent) }
        // What a killed backup has left is removed by the next one to the same folder.
        let staging = parent.appending(".iii-registry-backup")
        let archive = try await StagingFolder.with(below: staging) { scratch in
            let whole = scratch.appending("backup.tar.gz")
            let archive = try await BackupArchive.write(folder, to: whole, scratch: scratch)
            try HostFiles.rename(whole, to: target)
            try HostFiles.syncDirectory(parent)
            return archive
        }
        // Another backup may be at work there.
        _ = HostFiles.removeEmptyDirectory(staging)
        try await folder.store.close()
        Output.say("\(archive.blobs) blobs and the records written to `\(target.string.printable)`, \(archive.size)")
    }
}

/// `iii-registry restore`.
struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a registry's folder of a backup.",
        discussion: """
            Everything is unpacked and checked beside the folder, which then appears at once. A folder that is there and not \
            empty is left alone.

            Examples:
              iii-registry restore /backups/registry-2026-08-01.tar.gz --data /var/lib/iii-registry
            """
    )

    @OptionGroup var data: DataOptions

    @Argument(help: "The file that `iii-registry backup` wrote.") var file: String

    func run() async throws {
        let environment = try HostEnvironment.live()
        let (source, target) = (environment.absolute(file), try data.path(in: environment))
        if try HostFiles.kind(of: target) != nil {
            guard try HostFiles.kind(of: target) == .directory, try HostFiles.entries(of: target).isEmpty else {
                throw FolderInUse(path: target)
            }
        }
        guard try HostFiles.kind(of: source) == .file else { throw NoBackup(path: source, reason: .missing) }
        let scratch = HostFiles.temporarySibling(of: target)
        try HostFiles.makeDirectory(scratch, mode: 0o700)
        do {
            do { try BackupArchive.unpack(source, into: scratch) } catch let error as ArchiveError {
                throw NoBackup(path: source, reason: .damaged(error))
            }
            // A backup of an older release becomes a registry of this one.
            let report = try await DataFolder.check(scratch, isUpgraded: true)
            HostFiles.syncAll()
            try HostFiles.rename(scratch, to: target)
            try HostFiles.syncDirectory(target.removingLastComponent())
            Output.say("\(report.versions) versions and \(report.blobs) blobs restored to `\(target.string.printable)`")
        } catch {
            // What went wrong first is what counts.
            try? HostFiles.removeTree(scratch)
            throw error
        }
    }
}

/// A registry in one file: `registry.sqlite`, and `blobs/` as the folder has it.
enum BackupArchive {
    private static let page = 1000
    private static let limits = ArchiveLimits(
        compressed: ByteCount(Int64.max),
        unpacked: ByteCount(Int64.max),
        file: ByteCount(0o777_7777_7777 as Int64),
        entries: 10_000_000,
        depth: 8
    )

    /// Writes a backup; `scratch` is an empty folder beside the file.
    ///
    /// - Throws: `RegistryStorageError.damaged` for a registry that lacks a blob, `ArchiveError`.
    static func write(
        _ folder: DataFolder,
        to target: FilePath,
        scratch: FilePath
    ) async throws -> (blobs: Int, size: ByteCount) {
        let records = scratch.appending("registry.sqlite")
        try await folder.store.snapshot(to: records)
        var files = [PackedFile(path: "registry.sqlite", source: .file(records), isExecutable: false)]
        let copy = try SQLiteRegistryStore.open(records, at: WallClock.now())
        var last: Digest?
        repeat {
            let after = last
            let digests = try await copy.read { try $0.hostedDigests(after: after, limit: page) }
            for digest in digests { files.append(try await file(of: digest, in: folder)) }
            last = digests.last
        } while last != nil
        // Until then some of it may stand in a log beside it.
        try await copy.close()
        let archive = try TarGzipWriter.write(files, to: target, limits: limits, level: 1, mode: 0o600)
        return (files.count - 1, archive.size)
    }

    /// Makes the blob young first, so that no collector takes it while the archive is written.
    private static func file(of digest: Digest, in folder: DataFolder) async throws -> PackedFile {
        guard try await folder.blobs.renew(digest, at: WallClock.now()),
            let path = try await folder.blobs.blob(digest)?.file
        else {
            throw RegistryStorageError.damaged(what: "the blob sha256:\(digest) is not there")
        }
        let name = path.string.dropFirst(folder.path.string.count + 1)
        return PackedFile(path: String(name), source: .file(path), isExecutable: false)
    }

    /// Unpacks a backup into an empty folder.
    ///
    /// - Throws: `ArchiveError` for a file that is no whole tar.gz, `HostError`.
    static func unpack(_ source: FilePath, into folder: FilePath) throws {
        try ArchiveFile.unpack(source, into: folder, limits: limits)
        let records = folder.appending("registry.sqlite")
        guard try HostFiles.kind(of: records) == .file else { throw NoBackup(path: source, reason: .other) }
        try HostFiles.setMode(0o600, of: records)
    }
}

/// A file that no registry can be made of.
///
/// W122.
struct NoBackup: CodedError {
    enum Reason {
        case missing
        /// It is cut, or its bytes are not those that were written.
        case damaged(ArchiveError)
        /// It is a tar.gz of something else.
        case other
    }

    let path: FilePath
    let reason: Reason

    var code: ErrorCode { .storageIO }

    var message: String {
        switch reason {
        case .missing: "there is no file `\(path.string.printable)`"
        case .damaged(let error): "the backup `\(path.string.printable)` is cut or damaged: \(error.message)"
        case .other: "`\(path.string.printable)` is not a backup of a registry"
        }
    }

    var hints: [String] {
        switch reason {
        case .missing, .other: ["name a file that `iii-registry backup` wrote"]
        case .damaged: ["copy it again from where you keep backups, or restore an older one; nothing was changed"]
        }
    }
}

/// A backup was to be written to a folder that is not there.
///
/// W122.
struct NoBackupFolder: CodedError {
    let path: FilePath

    var code: ErrorCode { .storageIO }
    var message: String { "there is no folder `\(path.string.printable)` to write the backup to" }
    var hints: [String] { ["make it first, or check that the disk for backups is mounted"] }
}

/// A folder that is not empty, where a registry was to be restored.
///
/// W111.
struct FolderInUse: CodedError {
    let path: FilePath

    var code: ErrorCode { .alreadyExists }
    var message: String { "`\(path.string.printable)` is there and not empty" }
    var hints: [String] { ["restore to a new folder with `--data`, or move this one away first"] }
}
