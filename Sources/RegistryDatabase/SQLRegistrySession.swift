// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// The registry's questions and changes as plain SQL.
///
/// Lives as long as one transaction.
struct SQLRegistrySession {
    let connection: any SQLConnection
    /// Indexes that were read before; nil inside writing transactions, where rows are not yet final.
    var indexes: IndexCache?

    /// The number of a worker's row, nil when there is no such worker.
    func identity(of worker: WorkerName) throws(RegistryStorageError) -> Int64? {
        try connection.row("SELECT id FROM workers WHERE name = ?", [worker.sql])?.integer(0)
    }

    /// The number of a version's row, nil when there is no such worker or version.
    func identity(
        of version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError) -> (worker: Int64, version: Int64)? {
        let row = try connection.row(
            """
            SELECT workers.id, versions.id FROM workers JOIN versions ON versions.worker_id = workers.id
            WHERE workers.name = ? AND versions.version = ?
            """,
            [worker.sql, version.sql]
        )
        guard let row else { return nil }
        return (try row.integer(0), try row.integer(1))
    }

    func identity(of account: AccountName) throws(RegistryStorageError) -> Int64? {
        try connection.row("SELECT id FROM accounts WHERE name = ?", [account.sql])?.integer(0)
    }

    /// Notes that what is read of a worker has changed.
    func advanceRevision(of worker: Int64) throws(RegistryStorageError) {
        try connection.execute("UPDATE workers SET revision = revision + 1 WHERE id = ?", [worker.sql])
    }
}

extension SQLRegistrySession: RegistrySession {}
