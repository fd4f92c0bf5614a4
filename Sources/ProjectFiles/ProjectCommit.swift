// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import WorkerModel

/// The steps of replacing a project's files.
///
/// Until the journal is there nothing has happened; from then on everything has, or is made to by the next command.
struct ProjectCommit {
    /// Where tests can fail or stop a commit.
    enum Step: Hashable, CaseIterable {
        case stageConfig
        case stageLockfile
        case writeJournal
        case replaceConfig
        case replaceLockfile
        case removeJournal
    }

    /// What a test makes of a step that is about to be taken.
    enum Fate {
        case take
        case fail(HostError)
        /// As if the process were killed here.
        case stop
    }

    /// Why a commit did not reach its end.
    private enum Interruption: Error {
        case failed(ProjectError)
        /// A test stopped it: what it left is left for recovery.
        case stopped
    }

    let project: Project
    let change: ProjectChange
    var fate: (Step) -> Fate = { _ in .take }

    /// One file with what it is and what it is to be.
    private struct Part {
        var target: CommitTarget
        var before: [UInt8]?
        var after: [UInt8]?
        /// That of the file; nil for a new one, which gets what the umask gives.
        var mode: UInt16?

        var entry: CommitJournal.Entry {
            CommitJournal.Entry(role: target.role, before: before.map(Digest.sha256), after: after.map(Digest.sha256))
        }
    }

    func run() throws(ProjectError) {
        var parts: [Part] = []
        for role in CommitRole.allCases {
            if let part = try part(role) { parts.append(part) }
        }
        if parts.isEmpty { return }
        do throws(Interruption) { try replace(parts) } catch {
            if case .failed(let error) = error { throw error }
        }
    }

    private func replace(_ parts: [Part]) throws(Interruption) {
        var replaced: [Part] = []
        do throws(Interruption) {
            for part in parts { try stage(part) }
            try take(.writeJournal, project.journalPath) { () throws(HostError) in
                try CommitJournal(parts.map(\.entry)).write(project)
            }
            for part in parts {
                let step = part.target.role == .config ? Step.replaceConfig : .replaceLockfile
                try take(step, part.target.path) { () throws(HostError) in
                    try part.target.replace(isPresent: part.after != nil)
                }
                replaced.append(part)
            }
        } catch {
            if case .failed = error { takeBack(parts, replaced) }
            throw error
        }
        try finish(parts)
    }

    /// The part of a file that changes, nil for one that stays as it is.
    private func part(_ role: CommitRole) throws(ProjectError) -> Part? {
        let after: [UInt8]?
        switch role == .config ? change.config : change.lockfile {
        case .keep: return nil
        case .remove: after = nil
        case .write(let bytes): after = bytes
        }
        let target = try CommitTarget(role, in: project)
        let before = try target.contents(project)
        if before == after { return nil }
        do throws(HostError) {
            let mode = try HostFiles.mode(of: target.path).map { $0 & 0o777 }
            return Part(target: target, before: before, after: after, mode: mode)
        } catch { throw .cannotRead(target.path, error) }
    }

    private func stage(_ part: Part) throws(Interruption) {
        let step = part.target.role == .config ? Step.stageConfig : .stageLockfile
        try take(step, part.target.path) { () throws(HostError) in
            try HostFiles.removeFile(part.target.stagedPath)
            guard let after = part.after else { return }
            try HostFiles.writeNew(after, to: part.target.stagedPath, mode: part.mode)
            try HostFiles.syncDirectory(part.target.stagedPath.removingLastComponent())
        }
    }

    /// Brings back what was there.
    ///
    /// Where that fails the journal stays, and the next command finishes the commit.
    private func takeBack(_ parts: [Part], _ replaced: [Part]) {
        do throws(HostError) {
            for part in replaced {
                guard let before = part.before else {
                    try HostFiles.removeFile(part.target.path)
                    continue
                }
                try HostFiles.write(before, to: part.target.path, mode: part.mode ?? 0o644)
            }
            for path in [project.journalPath, project.unfinishedJournalPath] { try HostFiles.removeFile(path) }
            for part in parts { try HostFiles.removeFile(part.target.stagedPath) }
        } catch { return }
    }

    /// Everything is in place.
    ///
    /// A journal that cannot be removed does no harm: it says what is so.
    private func finish(_ parts: [Part]) throws(Interruption) {
        do throws(Interruption) {
            try take(.removeJournal, project.journalPath) { () throws(HostError) in
                for part in parts { try HostFiles.syncDirectory(part.target.path.removingLastComponent()) }
                try HostFiles.removeFile(project.journalPath)
            }
        } catch {
            if case .stopped = error { throw error }
        }
    }

    private func take(
        _ step: Step,
        _ path: FilePath,
        _ body: () throws(HostError) -> Void
    ) throws(Interruption) {
        let fate = fate(step)
        if case .stop = fate { throw .stopped }
        do throws(HostError) {
            if case .fail(let error) = fate { throw error }
            try body()
        } catch { throw .failed(.cannotWrite(path, error)) }
    }
}

extension CommitTarget {
    /// Brings the staged contents into place, or takes the file away.
    func replace(isPresent: Bool) throws(HostError) {
        if isPresent { try HostFiles.rename(stagedPath, to: path) } else { try HostFiles.removeFile(path) }
    }
}
