// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

extension SQLRegistrySession {
    func worker(_ name: WorkerName) throws(RegistryStorageError) -> WorkerRecord? {
        let row = try connection.row(
            "SELECT skeleton, created_at, revision FROM workers WHERE name = ?",
            [name.sql]
        )
        guard let row else { return nil }
        return WorkerRecord(
            name: name,
            skeleton: try row.text(0),
            createdAt: try row.moment(1),
            revision: try row.integer(2)
        )
    }

    func workers(withSkeleton skeleton: String) throws(RegistryStorageError) -> [WorkerName] {
        var names: [WorkerName] = []
        let rows = try connection.query(
            "SELECT name FROM workers WHERE replace(skeleton, 'i', 'l') = ? ORDER BY name",
            [skeleton.replacing("i", with: "l").sql]
        )
        for row in rows {
            names.append(try row.workerName(0))
        }
        return names
    }

    func insertWorker(_ worker: WorkerRecord) throws(RegistryStorageError) {
        let count = try connection.execute(
            "INSERT INTO workers (name, skeleton, created_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
            [worker.name.sql, worker.skeleton.sql, worker.createdAt.sql]
        )
        if count == 0 { throw .workerExists(worker.name) }
    }

    func owners(of worker: WorkerName) throws(RegistryStorageError) -> [AccountName] {
        let rows = try connection.query(
            """
            SELECT accounts.name FROM workers
            JOIN owners ON owners.worker_id = workers.id JOIN accounts ON accounts.id = owners.account_id
            WHERE workers.name = ? ORDER BY accounts.name
            """,
            [worker.sql]
        )
        var names: [AccountName] = []
        for row in rows { names.append(try row.accountName(0)) }
        return names
    }

    func removeOwner(_ account: AccountName, of worker: WorkerName) throws(RegistryStorageError) -> Bool {
        guard let workerID = try identity(of: worker), let accountID = try identity(of: account) else { return false }
        let count = try connection.execute(
            "DELETE FROM owners WHERE worker_id = ? AND account_id = ?",
            [workerID.sql, accountID.sql]
        )
        if count > 0 { try advanceRevision(of: workerID) }
        return count > 0
    }

    func addOwner(
        _ account: AccountName,
        of worker: WorkerName,
        at now: Timestamp
    ) throws(RegistryStorageError) {
        guard let workerID = try identity(of: worker) else { throw .workerNotFound(worker) }
        guard let accountID = try identity(of: account) else { throw .accountNotFound(account) }
        let count = try connection.execute(
            """
            INSERT INTO owners (worker_id, account_id, added_at) VALUES (?, ?, ?)
            ON CONFLICT (worker_id, account_id) DO NOTHING
            """,
            [workerID.sql, accountID.sql, now.sql]
        )
        if count > 0 { try advanceRevision(of: workerID) }
    }
}
