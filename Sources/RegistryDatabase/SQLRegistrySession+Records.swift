// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// The event record and the download counts.
extension SQLRegistrySession {
    @discardableResult
    func appendEvent(_ event: RegistryEvent) throws(RegistryStorageError) -> Int64 {
        let row = try connection.row(
            """
            INSERT INTO events (kind, at, account, worker, version, details) VALUES (?, ?, ?, ?, ?, ?)
            RETURNING sequence
            """,
            [
                event.kind.rawValue.sql, event.at.sql, event.account?.sql ?? .null, event.worker?.sql ?? .null,
                event.version?.sql ?? .null, event.details.sql,
            ]
        )
        guard let row else { throw .damaged(what: "an event without its number") }
        return try row.integer(0)
    }

    func events(
        of worker: WorkerName?,
        kind: RegistryEvent.Kind?,
        before sequence: Int64?,
        limit: Int
    ) throws(RegistryStorageError) -> [RecordedEvent] {
        let conditions = (worker == nil ? "" : " AND worker = ?") + (kind == nil ? "" : " AND kind = ?")
        let named = [worker?.sql, kind?.rawValue.sql].compactMap(\.self)
        let rows = try connection.query(
            """
            SELECT sequence, kind, at, account, worker, version, details FROM events
            WHERE sequence < ?\(conditions) ORDER BY sequence DESC LIMIT ?
            """,
            [(sequence ?? Int64.max).sql] + named + [max(limit, 0).sql]
        )
        var events: [RecordedEvent] = []
        for row in rows { events.append(try row.event()) }
        return events
    }

    func countDownload(_ download: DownloadCount) throws(RegistryStorageError) {
        guard let id = try identity(of: download.version, of: download.worker) else {
            throw .versionNotFound(download.worker, download.version)
        }
        try connection.execute(
            """
            INSERT INTO downloads (version_id, day, is_ci, count) VALUES (?, ?, ?, ?)
            ON CONFLICT (version_id, day, is_ci) DO UPDATE SET count = downloads.count + excluded.count
            """,
            [id.version.sql, download.day.sql, download.isCI.sql, download.count.sql]
        )
        try connection.execute(
            """
            INSERT INTO download_days (day, is_ci, count) VALUES (?, ?, ?)
            ON CONFLICT (day, is_ci) DO UPDATE SET count = download_days.count + excluded.count
            """,
            [download.day.sql, download.isCI.sql, download.count.sql]
        )
        if download.isCI { return }
        try connection.execute(
            "UPDATE workers SET downloads = downloads + ? WHERE id = ?",
            [download.count.sql, id.worker.sql]
        )
        try countListed(download.count, of: id.worker)
    }

    func downloads(of worker: WorkerName, since day: Day?) throws(RegistryStorageError) -> Int64 {
        guard let day else {
            return try connection.row("SELECT downloads FROM workers WHERE name = ?", [worker.sql])?.integer(0) ?? 0
        }
        let row = try connection.row(
            """
            SELECT CAST(COALESCE(SUM(downloads.count), 0) AS BIGINT) FROM workers
            JOIN versions ON versions.worker_id = workers.id JOIN downloads ON downloads.version_id = versions.id
            WHERE workers.name = ? AND downloads.is_ci = 0 AND downloads.day >= ?
            """,
            [worker.sql, day.sql]
        )
        return try row?.integer(0) ?? 0
    }
}

extension SQLRow {
    fileprivate func event() throws(RegistryStorageError) -> RecordedEvent {
        RecordedEvent(
            sequence: try integer(0),
            event: RegistryEvent(
                RegistryEvent.Kind(rawValue: try text(1)),
                at: try moment(2),
                account: try isNull(3) ? nil : accountName(3),
                worker: try isNull(4) ? nil : workerName(4),
                version: try isNull(5) ? nil : version(5),
                details: try text(6)
            )
        )
    }
}
