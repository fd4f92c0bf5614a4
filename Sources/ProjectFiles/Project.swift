// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import HostSystem
package import SystemPackage
package import WorkerModel

/// A folder with a `config.yaml`, and the files of `iii` beside it.
package struct Project: Sendable, Hashable {
    package static let configName = "config.yaml"

    /// Absolute.
    ///
    /// The file may be missing, or a link.
    package let configPath: FilePath
    /// Whether a lock file with a merge conflict is read as what its sides agree on, to be written anew.
    package var resolvesConflicts = false

    /// The project whose configuration is, or is to be, at an absolute path.
    package init(configPath: FilePath) { self.configPath = configPath }

    /// Where `config.yaml` lies, and `iii.lock` with it.
    package var folder: FilePath { configPath.removingLastComponent() }
    package var lockfilePath: FilePath { folder.appending(Lockfile.fileName) }
    /// The file that a mutation holds a lock on.
    package var operationLockPath: FilePath { folder.appending(".iii-worker.lock") }
    /// What an interrupted commit leaves behind.
    package var journalPath: FilePath { folder.appending(".iii-worker.journal") }

    /// The project that a command works on: what `III_CONFIG_PATH` names, else the nearest folder upward that holds a
    /// `config.yaml`; nil where there is none.
    ///
    /// - Throws: `ProjectError.cannotRead` for a folder that cannot be searched.
    package static func find(_ environment: HostEnvironment) throws(ProjectError) -> Project? {
        if let path = environment[.configPath] { return Project(configPath: environment.absolute(path)) }
        var folder = environment.currentDirectory.lexicallyNormalized()
        while true {
            let candidate = folder.appending(configName)
            do throws(HostError) {
                let kind = try HostFiles.kind(of: candidate)
                if kind == .file || kind == .symbolicLink { return Project(configPath: candidate) }
            } catch { throw .cannotRead(candidate, error) }
            guard folder.removeLastComponent(), !folder.isEmpty else { return nil }
        }
    }

    /// The project that a command begins where `find` finds none: in the current folder.
    package static func beginning(in environment: HostEnvironment) -> Project {
        Project(configPath: environment.currentDirectory.appending(configName))
    }

    /// The configuration, nil where there is no file; with `variable`, placeholders filled in.
    ///
    /// - Throws: `ProjectError.config` and `.cannotRead`.
    package func readConfig(filling variable: ((String) -> String?)? = nil) throws(ProjectError) -> ConfigFile? {
        guard let bytes = try read(configPath, upTo: ConfigFile.maximumSize) else { return nil }
        do { return try ConfigFile(parsing: bytes, filling: variable) } catch { throw .config(configPath, error) }
    }

    /// The lock file, nil where there is none.
    ///
    /// - Throws: `ProjectError.lockfile` and `.cannotRead`.
    package func readLockfile() throws(ProjectError) -> Lockfile? {
        guard let bytes = try lockfileBytes() else { return nil }
        do throws(LockfileError) {
            if resolvesConflicts, let merged = try Lockfile.merging(bytes) { return merged.lock }
            return try Lockfile(parsing: bytes)
        } catch { throw .lockfile(lockfilePath, error) }
    }

    /// The workers on which the sides of a merge disagree; nil for a lock file without a conflict.
    ///
    /// - Throws: `ProjectError.lockfile` and `.cannotRead`.
    package func disputed() throws(ProjectError) -> [WorkerName]? {
        guard let bytes = try lockfileBytes() else { return nil }
        do throws(LockfileError) { return try Lockfile.merging(bytes)?.disputed } catch {
            throw .lockfile(lockfilePath, error)
        }
    }

    private func lockfileBytes() throws(ProjectError) -> [UInt8]? {
        do throws(ProjectError) { return try read(lockfilePath, upTo: Lockfile.maximumSize) } catch {
            guard case .cannotRead(_, let cause) = error else { throw error }
            if cause is FileTooLarge { throw .lockfile(lockfilePath, .tooLarge(limit: Lockfile.maximumSize)) }
            if let cause = cause as? HostError, cause.isAboutKind { throw .lockfile(lockfilePath, .notAFile) }
            throw error
        }
    }

    /// The journal while it is written.
    var unfinishedJournalPath: FilePath { folder.appending(".iii-worker.journal-new") }

    /// Whether a commit is under way, or was interrupted and left something.
    package func isBeingChanged() throws(ProjectError) -> Bool {
        let staged = try CommitRole.allCases.map { role throws(ProjectError) in
            try CommitTarget(role, in: self).stagedPath
        }
        do throws(HostError) {
            for path in [journalPath, unfinishedJournalPath] + staged where try HostFiles.kind(of: path) != nil {
                return true
            }
            return false
        } catch { throw .cannotRead(journalPath, error) }
    }

    func read(_ path: FilePath, upTo limit: ByteCount) throws(ProjectError) -> [UInt8]? {
        do { return try HostFiles.read(path, upTo: limit) } catch {
            throw .cannotRead(path, error as? any CodedError ?? HostError(.read, path, .ioError))
        }
    }
}

extension Project {
    /// Takes the project's lock, and finishes or takes back what an interrupted commit left.
    ///
    /// Every mutation does this once, before it reads the files. `onWait` is told the process that is waited for.
    ///
    /// - Throws: `FileLockBusy` (W120) when time is up, `ProjectError.cannotWrite` for a folder that cannot hold the lock.
    package func lock(
        waitingUpTo patience: Duration = .seconds(10),
        onWait: (_ holder: FileLock.Holder?) -> Void = { _ in }
    ) async throws -> LockedProject {
        let lock: FileLock
        do {
            lock = try await FileLock.acquire(operationLockPath, waitingUpTo: patience, onWait: onWait)
        } catch let error as HostError where error.isAboutTheFolder {
            throw ProjectError.cannotWrite(operationLockPath, error)
        }
        let journal = try CommitJournal.recover(self)
        return LockedProject(project: self, lock: lock, recovery: journal)
    }
}

extension HostError {
    /// Whether nothing could be written there, rather than not locked.
    fileprivate var isAboutTheFolder: Bool {
        code == .storageFull
            || [.permissionDenied, .notPermitted, .readOnlyFileSystem, .noSuchFileOrDirectory].contains(errno)
    }
}

/// A project whose lock is held: the proof that a mutation passes down.
///
/// The lock is given back by `release()`, or when the last copy is gone.
package struct LockedProject: Sendable {
    package let project: Project
    /// What was found of an earlier commit.
    package let recovery: CommitRecovery
    private let lock: FileLock

    init(project: Project, lock: FileLock, recovery: CommitRecovery) {
        self.project = project
        self.lock = lock
        self.recovery = recovery
    }

    /// Gives the lock back.
    ///
    /// Safe to call twice.
    package func release() { lock.release() }

    /// Replaces the project's files, both or neither, whatever interrupts it.
    ///
    /// Effects on disk: new contents are written and synced beside the files, a journal names them, they are renamed into
    /// place, the journal goes. After a kill the next command that takes the lock finishes the commit, or finds nothing
    /// of it. Links are written through, modes are kept, a new file has the mode that the umask gives.
    ///
    /// - Throws: `ProjectError.cannotRead`, `.cannotWrite`, `.endlessLinks`; the files are as they were.
    package func commit(_ change: ProjectChange) throws(ProjectError) {
        try ProjectCommit(project: project, change: change).run()
    }
}

/// What a commit is to make of the project's two files.
package struct ProjectChange: Sendable, Hashable {
    /// What becomes of one file.
    package enum File: Sendable, Hashable {
        case keep
        case write([UInt8])
        case remove
    }

    package var config: File
    package var lockfile: File

    package init(config: File = .keep, lockfile: File = .keep) {
        self.config = config
        self.lockfile = lockfile
    }
}
