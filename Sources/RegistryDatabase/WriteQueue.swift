// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import GRDB
import RegistryStorage
import Synchronization

/// Commits writers that wait at the same time in one transaction, each on its own savepoint.
///
/// Waiting for the disk is most of what a commit costs, and writers exclude each other anyway: one wait serves all
/// that came in the meantime. A writer that throws is undone alone.
final class WriteQueue: Sendable {
    /// One writer.
    ///
    /// `run` may be called more than once, the last time counts.
    struct Job: Sendable {
        let run: @Sendable (any RegistrySession) throws -> Void
        /// Called once: with what `run` threw, with why nothing could be committed, or with nil.
        let finish: @Sendable ((any Error)?) -> Void
    }

    private struct Waiting {
        var jobs: [Job] = []
        var isCommitting = false
    }

    /// The most writers that share a transaction: what one of them loses by waiting for the others stays small.
    private static let largestGroup = 64

    private let pool: DatabasePool
    private let waiting = Mutex(Waiting())

    init(_ pool: DatabasePool) { self.pool = pool }

    /// How many writers wait for the one that is at work.
    var length: Int { waiting.withLock { $0.jobs.count } }

    func add(_ job: Job) {
        let isFirst = waiting.withLock { waiting in
            waiting.jobs.append(job)
            defer { waiting.isCommitting = true }
            return !waiting.isCommitting
        }
        if isFirst { pool.asyncWriteWithoutTransaction { database in self.commitAll(on: database) } }
    }

    private func commitAll(on database: Database) {
        while let group = nextGroup() { commit(group, on: database) }
    }

    private func nextGroup() -> [Job]? {
        waiting.withLock { waiting in
            if waiting.jobs.isEmpty {
                waiting.isCommitting = false
                return nil
            }
            let group = Array(waiting.jobs.prefix(Self.largestGroup))
            waiting.jobs.removeFirst(group.count)
            return group
        }
    }

    private func commit(_ group: [Job], on database: Database) {
        do { try database.beginTransaction(.immediate) } catch {
            for job in group { job.finish(RegistryStorageError(sqlite: error, while: "begin a transaction")) }
            return
        }
        do {
            var outcomes: [(any Error)?] = []
            for job in group { outcomes.append(try run(job, on: database)) }
            try database.commit()
            for (job, outcome) in zip(group, outcomes) { job.finish(outcome) }
        } catch {
            rollBack(database)
            // Whose fault it was is found by letting each try alone.
            guard group.count > 1 else {
                group[0].finish(RegistryStorageError(sqlite: error, while: "commit"))
                return
            }
            for job in group { commit([job], on: database) }
        }
    }

    /// Runs one writer on a savepoint.
    ///
    /// - Returns: what it threw, after it was undone.
    /// - Throws: when the whole transaction is lost.
    private func run(_ job: Job, on database: Database) throws -> (any Error)? {
        try database.execute(sql: "SAVEPOINT writer")
        do { try job.run(SQLRegistrySession(connection: GRDBConnection(database: database))) } catch {
            // After a full disk or a read error SQLite has undone everything by itself.
            guard database.isInsideTransaction else { throw error }
            try database.execute(sql: "ROLLBACK TO writer")
            try database.execute(sql: "RELEASE writer")
            return error
        }
        try database.execute(sql: "RELEASE writer")
        return nil
    }

    private func rollBack(_ database: Database) {
        guard database.isInsideTransaction else { return }
        // A roll-back that fails leaves a transaction that the next `BEGIN` reports.
        try? database.rollback()
    }
}
