// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import WorkerModel

/// Why the registry's memory refused or failed.
package enum RegistryStorageError: CodedError {
    case workerExists(WorkerName)
    case workerNotFound(WorkerName)
    case versionExists(WorkerName, SemanticVersion)
    case versionNotFound(WorkerName, SemanticVersion)
    /// There is no such repository, or what was to be found in it is not there.
    case repositoryNotFound(RepositoryName)
    case accountExists(AccountName)
    case accountNotFound(AccountName)
    case keyExists
    /// The database was written by a newer release.
    case newerSchema(path: String, found: Int, known: Int)
    /// The database was written by an older release, and is not to be changed now.
    case olderSchema(path: String, found: Int, known: Int)
    /// The file is a database of something else, or none.
    case notARegistry(path: String)
    /// Another program held the database for longer than we wait.
    case busy
    case storageFull
    /// A stored value is not what was written: the file is damaged or was edited.
    case damaged(what: String)
    /// The database refused for another reason, in its own words.
    case failed(operation: String, reason: String)
    case closed

    package var code: ErrorCode {
        switch self {
        case .workerExists, .accountExists, .keyExists: .alreadyExists
        case .workerNotFound: .workerNotFound
        case .accountNotFound: .accountNotFound
        case .versionExists: .versionExists
        case .versionNotFound: .versionNotFound
        case .repositoryNotFound: .imagePull
        case .storageFull: .storageFull
        case .newerSchema, .olderSchema, .notARegistry, .busy, .damaged, .failed, .closed: .storageIO
        }
    }

    package var message: String {
        switch self {
        case .workerExists(let name): "the worker `\(name)` exists already"
        case .workerNotFound(let name): "the worker `\(name)` is not in the registry"
        case .versionExists(let name, let version): "`\(name)@\(version)` is published already"
        case .versionNotFound(let name, let version): "`\(name)@\(version)` is not published"
        case .repositoryNotFound(let name): "the repository `\(name)` is not there, or lacks what was asked for"
        case .accountExists(let name): "the account `\(name)` exists already"
        case .accountNotFound(let name): "there is no account `\(name)`"
        case .keyExists: "the key exists already"
        case .newerSchema(let path, let found, let known):
            "the database `\(path)` has schema \(found), but this program knows schemas up to \(known)"
        case .olderSchema(let path, let found, let known):
            "the database `\(path)` has schema \(found) of an older release, but this program works with schema \(known)"
        case .notARegistry(let path): "`\(path)` is not a registry's database"
        case .busy: "the registry's database is busy"
        case .storageFull: "the disk of the registry's database is full"
        case .damaged(let what): "the registry's database is damaged: \(what)"
        case .failed(let operation, let reason): "the registry's database could not \(operation): \(reason)"
        case .closed: "the registry's database is closed"
        }
    }

    package var hints: [String] {
        switch self {
        case .newerSchema: ["start the release of `iii-registry` that wrote it, or a newer one"]
        case .olderSchema:
            [
                "run the release of `iii-registry` that serves it; starting this one with `serve` brings the database up to date, after a backup by that one"
            ]
        case .notARegistry: ["check the `--data` folder"]
        case .busy: ["is another program writing to the database for a long time?"]
        case .storageFull: ["free some space, then try again: nothing was changed"]
        case .damaged: ["run `iii-registry check`, and restore a backup where it finds damage"]
        default: []
        }
    }
}
