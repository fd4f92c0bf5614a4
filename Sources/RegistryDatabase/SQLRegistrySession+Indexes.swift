// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// What is read of all versions of a worker at once.
extension SQLRegistrySession {
    func versions(of worker: WorkerName) throws(RegistryStorageError) -> [VersionSummary] {
        guard let id = try identity(of: worker) else { return [] }
        let dependencies = try dependenciesOfAllVersions(id)
        let rows = try connection.query(
            """
            SELECT id, version, kind, published_at, is_promoted, yanked_at, yank_reason FROM versions
            WHERE worker_id = ? ORDER BY published_at DESC, id DESC
            """,
            [id.sql]
        )
        var summaries: [VersionSummary] = []
        for row in rows {
            summaries.append(
                VersionSummary(
                    version: try row.version(1),
                    kind: try row.kind(2),
                    dependencies: dependencies[try row.integer(0)] ?? [],
                    publishedAt: try row.moment(3),
                    isPromoted: try row.flag(4),
                    yank: try row.yank(5)
                )
            )
        }
        return summaries
    }

    func index(of worker: WorkerName) throws(RegistryStorageError) -> WorkerIndex? {
        let row = try connection.row("SELECT id, revision FROM workers WHERE name = ?", [worker.sql])
        guard let row else { return nil }
        let state = IndexCache.State(worker: try row.integer(0), revision: try row.integer(1))
        if let known = indexes?.index(of: worker, in: state) { return known }
        let index = try loadIndex(of: worker, state.worker)
        indexes?.keep(index, in: state)
        return index
    }

    func channels(of worker: WorkerName) throws(RegistryStorageError) -> [ChannelName: SemanticVersion] {
        guard let id = try identity(of: worker) else { return [:] }
        return try channels(id)
    }

    func channel(
        _ channel: ChannelName,
        of worker: WorkerName
    ) throws(RegistryStorageError) -> SemanticVersion? {
        try connection.row(
            """
            SELECT versions.version FROM workers JOIN channels ON channels.worker_id = workers.id
            JOIN versions ON versions.id = channels.version_id WHERE workers.name = ? AND channels.name = ?
            """,
            [worker.sql, channel.sql]
        )?.version(0)
    }

    @discardableResult
    func setChannel(
        _ channel: ChannelName,
        of worker: WorkerName,
        to version: SemanticVersion,
        at now: Timestamp
    ) throws(RegistryStorageError) -> SemanticVersion? {
        guard let id = try identity(of: version, of: worker) else { throw .versionNotFound(worker, version) }
        let previous = try self.channel(channel, of: worker)
        if previous == version { return previous }
        try connection.execute(
            """
            INSERT INTO channels (worker_id, name, version_id, moved_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (worker_id, name) DO UPDATE SET version_id = excluded.version_id, moved_at = excluded.moved_at
            """,
            [id.worker.sql, channel.sql, id.version.sql, now.sql]
        )
        if channel == .latest { try promote(id.version) }
        try advanceRevision(of: id.worker)
        return previous
    }

    func promote(_ version: SemanticVersion, of worker: WorkerName) throws(RegistryStorageError) {
        guard let id = try identity(of: version, of: worker) else { throw .versionNotFound(worker, version) }
        try promote(id.version)
        try advanceRevision(of: id.worker)
    }

    private func promote(_ version: Int64) throws(RegistryStorageError) {
        try connection.execute("UPDATE versions SET is_promoted = 1 WHERE id = ?", [version.sql])
    }

    private func loadIndex(of worker: WorkerName, _ id: Int64) throws(RegistryStorageError) -> WorkerIndex {
        let dependencies = try dependenciesOfAllVersions(id)
        let rows = try connection.query(
            "SELECT id, version, is_promoted, yanked_at FROM versions WHERE worker_id = ?",
            [id.sql]
        )
        var entries: [WorkerIndex.Entry] = []
        entries.reserveCapacity(rows.count)
        for row in rows {
            entries.append(
                WorkerIndex.Entry(
                    version: try row.version(1),
                    isPromoted: try row.flag(2),
                    isYanked: try !row.isNull(3),
                    dependencies: dependencies[try row.integer(0)] ?? []
                )
            )
        }
        return WorkerIndex(name: worker, entries: entries, channels: try channels(id))
    }

    private func channels(_ worker: Int64) throws(RegistryStorageError) -> [ChannelName: SemanticVersion] {
        let rows = try connection.query(
            """
            SELECT channels.name, versions.version FROM channels JOIN versions ON versions.id = channels.version_id
            WHERE channels.worker_id = ?
            """,
            [worker.sql]
        )
        var channels: [ChannelName: SemanticVersion] = [:]
        for row in rows { channels[try row.parsed(0) { try ChannelName(parsing: $0) }] = try row.version(1) }
        return channels
    }

    private func dependenciesOfAllVersions(
        _ worker: Int64
    ) throws(RegistryStorageError) -> [Int64: [WorkerDependency]] {
        let rows = try connection.query(
            """
            SELECT dependencies.version_id, dependencies.name, dependencies.selector
            FROM versions JOIN dependencies ON dependencies.version_id = versions.id
            WHERE versions.worker_id = ? ORDER BY dependencies.version_id, dependencies.position
            """,
            [worker.sql]
        )
        var dependencies: [Int64: [WorkerDependency]] = [:]
        for row in rows {
            dependencies[try row.integer(0), default: []].append(
                WorkerDependency(name: try row.workerName(1), selector: try row.text(2))
            )
        }
        return dependencies
    }
}
