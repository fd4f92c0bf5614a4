// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import JSONText
package import SystemPackage
import WorkerModel

/// What taking a project's lock found of a commit that was interrupted.
package enum CommitRecovery: Sendable, Hashable {
    case nothing
    /// The commit had been decided, and is now complete.
    case finished
    /// The commit had not been decided, and nothing of it is left.
    case takenBack
    /// Somebody changed these files after the interruption: they were left as they are.
    case leftAlone([FilePath])
}

/// The decision to replace a project's files, on disk while it is carried out.
///
/// Shape: `{"files":[{"role":"config","before":DIGEST,"after":DIGEST},…],"version":1}`; a digest is null where there is
/// no file. It names no paths, so that a journal from elsewhere can move nothing but the files of its own project.
struct CommitJournal {
    /// One file of the commit.
    struct Entry {
        var role: CommitRole
        var before: Digest?
        var after: Digest?
    }

    let entries: [Entry]

    init(_ entries: [Entry]) { self.entries = entries }

    func write(_ project: Project) throws(HostError) {
        let files = entries.map { entry -> JSONValue in
            [
                "role": .string(entry.role.rawValue),
                "before": entry.before.map { .string($0.description) } ?? .null,
                "after": entry.after.map { .string($0.description) } ?? .null,
            ]
        }
        let journal: JSONValue = ["version": 1, "files": .array(files)]
        // Under a name of its own beside it, so that what a kill leaves is found again.
        try HostFiles.removeFile(project.unfinishedJournalPath)
        try HostFiles.writeNew(journal.bytes(.sorted), to: project.unfinishedJournalPath, mode: 0o600)
        try HostFiles.rename(project.unfinishedJournalPath, to: project.journalPath)
        try HostFiles.syncDirectory(project.folder)
    }

    /// A journal that was read; nil for a text that is none.
    private init?(_ bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes), value["version"] == 1,
            case .array(let files)? = value["files"]
        else { return nil }
        var entries: [Entry] = []
        for file in files {
            guard case .string(let name)? = file["role"], let role = CommitRole(rawValue: name),
                let before = Self.digest(file["before"]), let after = Self.digest(file["after"]),
                !entries.contains(where: { $0.role == role })
            else { return nil }
            entries.append(Entry(role: role, before: before, after: after))
        }
        self.entries = entries
    }

    /// The digest of a member, nil inside for a file that is absent, nil for what is no digest.
    private static func digest(_ value: JSONValue?) -> Digest?? {
        switch value {
        case .null?: .some(nil)
        case .string(let text)?: (try? Digest(parsing: text)).map { .some($0) }
        default: nil
        }
    }
}

extension CommitJournal {
    /// How far a file of an interrupted commit has come.
    private enum Progress {
        case done
        case waiting
        /// Neither what it was nor what it should be, or its new contents are gone.
        case changed
    }

    /// Finishes a commit that was decided, takes back one that was not.
    ///
    /// The project's lock is held.
    ///
    /// - Throws: `ProjectError.cannotRead` and `.cannotWrite`; the next attempt begins at the same point.
    static func recover(_ project: Project) throws(ProjectError) -> CommitRecovery {
        let targets = try CommitRole.allCases.map { role throws(ProjectError) in try CommitTarget(role, in: project) }
        guard let bytes = try project.read(project.journalPath, upTo: .kibibytes(64)) else {
            return try cleanUp(project, targets) ? .takenBack : .nothing
        }
        guard let journal = CommitJournal(bytes) else {
            _ = try cleanUp(project, targets)
            return .takenBack
        }
        var waiting: [(CommitTarget, Entry)] = []
        var changed: [FilePath] = []
        var done = 0
        for entry in journal.entries {
            guard let target = targets.first(where: { $0.role == entry.role }) else { continue }
            switch try progress(of: entry, target, project) {
            case .done: done += 1
            case .waiting: waiting.append((target, entry))
            case .changed: changed.append(entry.role.path(in: project))
            }
        }
        guard changed.isEmpty else {
            _ = try cleanUp(project, targets)
            return .leftAlone(changed)
        }
        try complete(waiting, project)
        _ = try cleanUp(project, targets)
        return waiting.isEmpty && done == 0 ? .nothing : .finished
    }

    private static func progress(
        of entry: Entry,
        _ target: CommitTarget,
        _ project: Project
    ) throws(ProjectError) -> Progress {
        let current = try target.contents(project).map(Digest.sha256)
        if current == entry.after { return .done }
        guard current == entry.before else { return .changed }
        guard let after = entry.after else { return .waiting }
        let staged = try project.read(target.stagedPath, upTo: target.role.maximumSize).map(Digest.sha256)
        return staged == after ? .waiting : .changed
    }

    private static func complete(_ waiting: [(CommitTarget, Entry)], _ project: Project) throws(ProjectError) {
        for (target, entry) in waiting {
            do throws(HostError) {
                try target.replace(isPresent: entry.after != nil)
                try HostFiles.syncDirectory(target.path.removingLastComponent())
            } catch { throw .cannotWrite(target.path, error) }
        }
    }

    /// Removes the journal and staged contents; tells whether there was something staged.
    private static func cleanUp(_ project: Project, _ targets: [CommitTarget]) throws(ProjectError) -> Bool {
        var found = false
        do throws(HostError) {
            for target in targets where try HostFiles.kind(of: target.stagedPath) != nil {
                found = true
                try HostFiles.removeFile(target.stagedPath)
            }
            if try HostFiles.kind(of: project.unfinishedJournalPath) != nil {
                found = true
                try HostFiles.removeFile(project.unfinishedJournalPath)
            }
            try HostFiles.removeFile(project.journalPath)
        } catch { throw .cannotWrite(project.journalPath, error) }
        return found
    }
}
