// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import BlobStorage
import Diagnostics
import HostSystem
import RegistryDatabase
import RegistryStorage
import SystemPackage
import WorkerModel

/// The folder where a registry keeps everything: `registry.sqlite`, `blobs/`, and a lock of the server that serves it.
struct DataFolder {
    let path: FilePath
    let store: SQLiteRegistryStore
    let blobs: FolderBlobStore

    /// Opens the folder, and makes it where there is none.
    ///
    /// Effects on disk: the folder with mode 0700, the database, the folder of the blobs.
    ///
    /// - Throws: `HostError`, `RegistryStorageError`, `BlobStorageError`.
    static func create(_ path: FilePath) async throws -> DataFolder {
        try HostFiles.makeDirectory(path, mode: 0o700)
        let size = try HostFiles.size(of: database(in: path)) ?? .zero
        let blobs = try FolderBlobStore(path.appending("blobs"))
        let hasBlobs = try await !blobs.blobs(after: nil, limit: 1).isEmpty
        // A new registry over the blobs of another one would delete them in a day, before anybody puts its records back.
        if size == .zero, hasBlobs { throw RecordsAreGone(path: path) }
        let folder = try DataFolder(path, isUpgraded: true)
        if hasBlobs, try await folder.store.read({ try $0.accounts() }).isEmpty {
            try await folder.store.close()
            throw RecordsAreGone(path: path)
        }
        return folder
    }

    /// Opens the folder of a registry that was started at least once.
    ///
    /// One of an older release is refused, unless it is to be upgraded: its own server may be at work.
    ///
    /// - Throws: `NoRegistry` where it was not; what `create` throws.
    static func existing(_ path: FilePath, isUpgraded: Bool = false) throws -> DataFolder {
        guard try HostFiles.kind(of: database(in: path)) == .file else { throw NoRegistry(path: path) }
        return try DataFolder(path, isUpgraded: isUpgraded)
    }

    private init(_ path: FilePath, isUpgraded: Bool) throws {
        self.path = path
        store = try SQLiteRegistryStore.open(Self.database(in: path), at: WallClock.now(), isUpgraded: isUpgraded)
        blobs = try FolderBlobStore(path.appending("blobs"))
    }

    /// Takes the folder for this server alone: what it keeps ready in memory must not be changed behind its back.
    ///
    /// - Throws: `FolderIsServed`, `HostError`.
    func lockForServing() throws -> FileLock {
        guard let lock = try FileLock.attempt(path.appending("serve.lock")) else { throw FolderIsServed(path: path) }
        return lock
    }

    private static func database(in path: FilePath) -> FilePath { path.appending("registry.sqlite") }
}

/// No registry where one was said to be.
///
/// W122.
struct NoRegistry: CodedError {
    let path: FilePath

    var code: ErrorCode { .storageIO }
    var message: String { "there is no registry in `\(path.string.printable)`" }
    var hints: [String] { ["name its folder with `--data`; `iii-registry serve --data DIR` makes a new one"] }
}

/// The folder holds blobs of a registry, and no records of one.
///
/// W122.
struct RecordsAreGone: CodedError {
    let path: FilePath

    var code: ErrorCode { .storageIO }
    var message: String { "`\(path.string.printable)` holds blobs of a registry whose records are gone" }
    var hints: [String] {
        [
            "put `registry.sqlite` back, with its `registry.sqlite-wal` where there was one; or make a new folder of a backup: "
                + "`iii-registry restore FILE --data NEW-FOLDER`",
            "to begin an empty registry here, move `\(path.string.printable)/blobs` away first",
        ]
    }
}

/// Two servers for one folder.
///
/// W120.
struct FolderIsServed: CodedError {
    let path: FilePath

    var code: ErrorCode { .projectBusy }
    var message: String { "another `iii-registry` serves `\(path.string.printable)`" }
    var hints: [String] { ["stop it first, or use another folder"] }
}
