// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// Who needs a worker, and how often it was downloaded.
extension SQLRegistrySession {
    func dependents(
        of worker: WorkerName,
        after name: WorkerName?,
        limit: Int
    ) throws(RegistryStorageError) -> [Dependent] {
        let rows = try connection.query(
            """
            SELECT workers.name, versions.version, dependencies.selector
            FROM dependencies JOIN versions ON versions.id = dependencies.version_id
            JOIN workers ON workers.id = versions.worker_id
            JOIN channels ON channels.worker_id = workers.id AND channels.name = ?
                AND channels.version_id = versions.id
            WHERE dependencies.name = ? AND workers.name > ? ORDER BY workers.name LIMIT ?
            """,
            [ChannelName.latest.sql, worker.sql, (name?.description ?? "").sql, max(limit, 0).sql]
        )
        return try rows.dependents()
    }

    func demands(on worker: WorkerName) throws(RegistryStorageError) -> [Dependent] {
        let rows = try connection.query(
            """
            SELECT workers.name, versions.version, demands.selector
            FROM (
                SELECT dependencies.selector AS selector, MAX(versions.id) AS version_id
                FROM dependencies JOIN versions ON versions.id = dependencies.version_id
                JOIN workers ON workers.id = versions.worker_id
                WHERE dependencies.name = ? AND versions.yanked_at IS NULL AND workers.name <> ?
                GROUP BY dependencies.selector LIMIT 10000
            ) AS demands
            JOIN versions ON versions.id = demands.version_id JOIN workers ON workers.id = versions.worker_id
            ORDER BY workers.name, demands.selector
            """,
            [worker.sql, worker.sql]
        )
        return try rows.dependents()
    }

    func downloadCounts(of worker: WorkerName, since day: Day) throws(RegistryStorageError) -> [DownloadCount] {
        let rows = try connection.query(
            """
            SELECT versions.version, downloads.day, downloads.is_ci, downloads.count FROM workers
            JOIN versions ON versions.worker_id = workers.id JOIN downloads ON downloads.version_id = versions.id
            WHERE workers.name = ? AND downloads.day >= ?
            ORDER BY downloads.day, versions.id, downloads.is_ci
            """,
            [worker.sql, day.sql]
        )
        var counts: [DownloadCount] = []
        for row in rows {
            counts.append(
                DownloadCount(
                    worker: worker,
                    version: try row.version(0),
                    day: Day(number: Int(clamping: try row.integer(1))),
                    isCI: try row.flag(2),
                    count: try row.integer(3)
                )
            )
        }
        return counts
    }

    func downloads(of version: SemanticVersion, of worker: WorkerName) throws(RegistryStorageError) -> Int64 {
        guard let id = try identity(of: version, of: worker) else { return 0 }
        let row = try connection.row(
            "SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM downloads WHERE version_id = ?",
            [id.version.sql]
        )
        return try row?.integer(0) ?? 0
    }

    func totals(since day: Day?) throws(RegistryStorageError) -> RegistryTotals {
        let row = try connection.row(
            """
            SELECT (SELECT COUNT(*) FROM listings),
                (SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM download_days WHERE is_ci = 0 AND day >= ?)
            """,
            [day?.sql ?? .integer(.min)]
        )
        return RegistryTotals(workers: try row?.integer(0) ?? 0, downloads: try row?.integer(1) ?? 0)
    }
}

extension [SQLRow] {
    /// A worker, a version and a selector each.
    fileprivate func dependents() throws(RegistryStorageError) -> [Dependent] {
        var dependents: [Dependent] = []
        for row in self {
            dependents.append(
                Dependent(worker: try row.workerName(0), version: try row.version(1), selector: try row.text(2))
            )
        }
        return dependents
    }
}
