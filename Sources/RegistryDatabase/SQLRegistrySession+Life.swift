// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// What happens to versions after they were published.
extension SQLRegistrySession {
    func contains(_ version: SemanticVersion, of worker: WorkerName) throws(RegistryStorageError) -> Bool {
        try identity(of: version, of: worker) != nil
    }

    func yank(of version: SemanticVersion, of worker: WorkerName) throws(RegistryStorageError) -> Yank? {
        try connection.row(
            """
            SELECT versions.yanked_at, versions.yank_reason
            FROM workers JOIN versions ON versions.worker_id = workers.id
            WHERE workers.name = ? AND versions.version = ?
            """,
            [worker.sql, version.sql]
        )?.yank(0)
    }

    // MARK: Deprecation

    func deprecations(of worker: WorkerName) throws(RegistryStorageError) -> [Deprecation] {
        // The empty text, which means all versions, sorts before every range.
        let rows = try connection.query(
            """
            SELECT deprecations.versions, deprecations.message, deprecations.replacement, deprecations.at
            FROM workers JOIN deprecations ON deprecations.worker_id = workers.id
            WHERE workers.name = ? ORDER BY deprecations.versions DESC
            """,
            [worker.sql]
        )
        var deprecations: [Deprecation] = []
        for row in rows {
            deprecations.append(
                Deprecation(
                    versions: try row.text(0).isEmpty ? nil : row.parsed(0) { try VersionRequirement(parsing: $0) },
                    message: try row.text(1),
                    replacement: try row.isNull(2) ? nil : row.workerName(2),
                    at: try row.moment(3)
                )
            )
        }
        return deprecations
    }

    func setDeprecation(_ deprecation: Deprecation, of worker: WorkerName) throws(RegistryStorageError) {
        guard let id = try identity(of: worker) else { throw .workerNotFound(worker) }
        try connection.execute(
            """
            INSERT INTO deprecations (worker_id, versions, message, replacement, at) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (worker_id, versions) DO UPDATE
            SET message = excluded.message, replacement = excluded.replacement, at = excluded.at
            """,
            [
                id.sql, (deprecation.versions?.description ?? "").sql, deprecation.message.sql,
                deprecation.replacement?.sql ?? .null, deprecation.at.sql,
            ]
        )
        try advanceRevision(of: id)
    }

    func removeDeprecations(
        of worker: WorkerName,
        for versions: VersionRequirement?
    ) throws(RegistryStorageError) -> Bool {
        guard let id = try identity(of: worker) else { return false }
        let narrowed = versions == nil ? "" : " AND versions = ?"
        let count = try connection.execute(
            "DELETE FROM deprecations WHERE worker_id = ?" + narrowed,
            [id.sql] + (versions.map { [$0.description.sql] } ?? [])
        )
        if count > 0 { try advanceRevision(of: id) }
        return count > 0
    }

    // MARK: Removal

    func removal(
        of version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError) -> RemovedVersion? {
        let row = try connection.row(
            """
            SELECT removed_versions.at, removed_versions.reason, removed_versions.is_abuse
            FROM workers JOIN removed_versions ON removed_versions.worker_id = workers.id
            WHERE workers.name = ? AND removed_versions.version = ?
            """,
            [worker.sql, version.sql]
        )
        guard let row else { return nil }
        return RemovedVersion(
            version: version,
            at: try row.moment(0),
            reason: try row.text(1),
            isAbuse: try row.flag(2)
        )
    }

    func removeVersion(_ removal: RemovedVersion, of worker: WorkerName) throws(RegistryStorageError) {
        guard let id = try identity(of: removal.version, of: worker) else {
            throw .versionNotFound(worker, removal.version)
        }
        let stored = try stored(by: id.version)
        try withdraw(id.version, of: id.worker)
        for table in ["channels", "skills", "downloads", "dependencies", "artifacts", "version_documents"] {
            try connection.execute("DELETE FROM \(table) WHERE version_id = ?", [id.version.sql])
        }
        try connection.execute("DELETE FROM versions WHERE id = ?", [id.version.sql])
        for digest in stored { try noteWhatIsPublished(among: "?", with: [digest]) }
        try connection.execute(
            "INSERT INTO removed_versions (worker_id, version, at, reason, is_abuse) VALUES (?, ?, ?, ?, ?)",
            [id.worker.sql, removal.version.sql, removal.at.sql, removal.reason.sql, removal.isAbuse.sql]
        )
        try advanceRevision(of: id.worker)
    }

    func removeChannel(
        _ channel: ChannelName,
        of worker: WorkerName
    ) throws(RegistryStorageError) -> SemanticVersion? {
        guard let id = try identity(of: worker), let version = try self.channel(channel, of: worker) else { return nil }
        try connection.execute("DELETE FROM channels WHERE worker_id = ? AND name = ?", [id.sql, channel.sql])
        try advanceRevision(of: id)
        return version
    }

    // MARK: Skills

    func skills(
        of version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError) -> SkillSnapshot? {
        let row = try connection.row(
            """
            SELECT skills.skills, skills.prompts FROM workers JOIN versions ON versions.worker_id = workers.id
            JOIN skills ON skills.version_id = versions.id WHERE workers.name = ? AND versions.version = ?
            """,
            [worker.sql, version.sql]
        )
        guard let row else { return nil }
        return SkillSnapshot(skills: try row.text(0), prompts: try row.text(1))
    }

    func setSkills(
        _ skills: SkillSnapshot,
        of version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError) {
        guard let id = try identity(of: version, of: worker) else { throw .versionNotFound(worker, version) }
        try connection.execute(
            """
            INSERT INTO skills (version_id, skills, prompts) VALUES (?, ?, ?)
            ON CONFLICT (version_id) DO UPDATE SET skills = excluded.skills, prompts = excluded.prompts
            """,
            [id.version.sql, skills.skills.sql, skills.prompts.sql]
        )
        try advanceRevision(of: id.worker)
    }
}
