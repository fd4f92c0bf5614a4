// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// The documents of repositories: images, indexes and artifacts, and what points to them.
extension SQLRegistrySession {
    private static let manifestColumns = """
        SELECT digest, stored, size, media_type, artifact_type, subject, annotations, is_published
        FROM repositories JOIN manifests ON manifests.repository_id = repositories.id
        """

    func manifest(
        _ digest: ContentDigest,
        in name: RepositoryName
    ) throws(RegistryStorageError) -> RepositoryManifest? {
        try connection.row(
            Self.manifestColumns + " WHERE repositories.name = ? AND manifests.digest = ?",
            [name.sql, digest.sql]
        )?.manifest()
    }

    func referrers(
        to subject: ContentDigest,
        in name: RepositoryName,
        limit: Int
    ) throws(RegistryStorageError) -> [RepositoryManifest] {
        let rows = try connection.query(
            Self.manifestColumns
                + " WHERE repositories.name = ? AND manifests.subject = ? ORDER BY manifests.id LIMIT ?",
            [name.sql, subject.sql, max(limit, 0).sql]
        )
        var manifests: [RepositoryManifest] = []
        for row in rows { manifests.append(try row.manifest()) }
        return manifests
    }

    func insertManifest(
        _ manifest: RepositoryManifest,
        naming blobs: [ContentDigest],
        documents: [ContentDigest],
        into name: RepositoryName,
        at now: Timestamp
    ) throws(RegistryStorageError) {
        guard let repository = try identity(of: name) else { throw .repositoryNotFound(name) }
        let (document, isNew) = (manifest.document, try identity(of: manifest.digest, in: repository) == nil)
        let row = try connection.row(
            """
            INSERT INTO manifests
                (repository_id, digest, stored, size, media_type, artifact_type, subject, annotations, pushed_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (repository_id, digest) DO UPDATE SET pushed_at = excluded.pushed_at RETURNING id
            """,
            [
                repository.sql, manifest.digest.sql, document.stored.sql, document.size.bytes.sql,
                manifest.mediaType.sql, manifest.artifactType?.sql ?? .null, manifest.subject?.sql ?? .null,
                manifest.annotations?.sql ?? .null, now.sql,
            ]
        )
        guard let id = try row?.integer(0) else { throw .damaged(what: "a document without its number") }
        // What it names cannot have changed since it was pushed before.
        guard isNew else { return }
        for digest in Set(blobs) {
            try connection.execute(
                "INSERT INTO manifest_blobs (manifest_id, digest) VALUES (?, ?)",
                [id.sql, digest.sql]
            )
        }
        for digest in Set(documents) {
            guard let child = try identity(of: digest, in: repository) else { throw .repositoryNotFound(name) }
            try connection.execute(
                "INSERT INTO manifest_links (parent_id, child_id) VALUES (?, ?)",
                [id.sql, child.sql]
            )
        }
    }

    func removeManifest(_ digest: ContentDigest, in name: RepositoryName) throws(RegistryStorageError) -> Bool {
        guard let repository = try identity(of: name), let id = try identity(of: digest, in: repository) else {
            return false
        }
        try forgetManifest(id)
        return true
    }

    /// Removes a document and all that points to it; fails where a version delivers it.
    func forgetManifest(_ id: Int64) throws(RegistryStorageError) {
        for statement in [
            "DELETE FROM tags WHERE manifest_id = ?", "DELETE FROM manifest_blobs WHERE manifest_id = ?",
            "DELETE FROM manifest_links WHERE parent_id = ?", "DELETE FROM manifest_links WHERE child_id = ?",
            "DELETE FROM manifests WHERE id = ?",
        ] {
            try connection.execute(statement, [id.sql])
        }
    }

    // MARK: Tags

    func pushed(_ tag: ImageTag, in name: RepositoryName) throws(RegistryStorageError) -> ContentDigest? {
        try connection.row(
            """
            SELECT manifests.digest FROM repositories JOIN tags ON tags.repository_id = repositories.id
            JOIN manifests ON manifests.id = tags.manifest_id WHERE repositories.name = ? AND tags.name = ?
            """,
            [name.sql, tag.description.sql]
        )?.contentDigest(0)
    }

    func tags(in name: RepositoryName, after tag: String, limit: Int) throws(RegistryStorageError) -> [String] {
        // Each part is cut by itself, so that a page costs the same however many there are.
        let part = [name.sql, tag.sql, max(limit, 0).sql]
        let rows = try connection.query(
            """
            SELECT * FROM (
                SELECT tags.name AS tag FROM repositories JOIN tags ON tags.repository_id = repositories.id
                WHERE repositories.name = ? AND tags.name > ? ORDER BY tags.name LIMIT ?
            ) AS pushed
            UNION SELECT * FROM (
                SELECT versions.version AS tag FROM workers JOIN versions ON versions.worker_id = workers.id
                WHERE workers.name = ? AND versions.version > ? AND versions.manifest_id IS NOT NULL
                ORDER BY versions.version LIMIT ?
            ) AS published
            UNION SELECT * FROM (
                SELECT channels.name AS tag FROM workers JOIN channels ON channels.worker_id = workers.id
                JOIN versions ON versions.id = channels.version_id
                WHERE workers.name = ? AND channels.name > ? AND versions.manifest_id IS NOT NULL
                ORDER BY channels.name LIMIT ?
            ) AS pointing
            ORDER BY tag LIMIT ?
            """,
            part + part + part + [max(limit, 0).sql]
        )
        var tags: [String] = []
        for row in rows { tags.append(try row.text(0)) }
        return tags
    }

    func setTag(
        _ tag: ImageTag,
        in name: RepositoryName,
        to digest: ContentDigest,
        at now: Timestamp
    ) throws(RegistryStorageError) {
        guard let repository = try identity(of: name), let manifest = try identity(of: digest, in: repository) else {
            throw .repositoryNotFound(name)
        }
        try connection.execute(
            """
            INSERT INTO tags (repository_id, name, manifest_id, moved_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (repository_id, name) DO UPDATE
            SET manifest_id = excluded.manifest_id, moved_at = excluded.moved_at
            """,
            [repository.sql, tag.description.sql, manifest.sql, now.sql]
        )
    }

    func removeTag(_ tag: ImageTag, in name: RepositoryName) throws(RegistryStorageError) -> Bool {
        guard let repository = try identity(of: name) else { return false }
        return try connection.execute(
            "DELETE FROM tags WHERE repository_id = ? AND name = ?",
            [repository.sql, tag.description.sql]
        ) > 0
    }

    // MARK: Versions

    func delivered(
        by version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError) -> ContentDigest? {
        try connection.row(
            """
            SELECT manifests.digest FROM workers JOIN versions ON versions.worker_id = workers.id
            JOIN manifests ON manifests.id = versions.manifest_id WHERE workers.name = ? AND versions.version = ?
            """,
            [worker.sql, version.sql]
        )?.contentDigest(0)
    }

    func deliver(
        _ digest: ContentDigest,
        by version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError) {
        guard let id = try identity(of: version, of: worker), let name = RepositoryName(of: worker) else {
            throw .versionNotFound(worker, version)
        }
        guard let repository = try identity(of: name), let manifest = try identity(of: digest, in: repository) else {
            throw .repositoryNotFound(name)
        }
        try connection.execute("UPDATE versions SET manifest_id = ? WHERE id = ?", [manifest.sql, id.version.sql])
        try markPublished("SELECT CAST(? AS BIGINT)", with: [manifest.sql])
        try noteWhatIsPublished(among: Self.stored(by: "SELECT CAST(? AS BIGINT)"), with: [manifest.sql, manifest.sql])
        try connection.execute(
            "DELETE FROM tags WHERE repository_id = ? AND name = ?",
            [repository.sql, version.sql]
        )
        try advanceRevision(of: id.worker)
    }

    /// The digests under which documents are stored, with all that they list, and the blobs that these name; the parameters
    /// of `documents` come twice.
    private static func stored(by documents: String) -> String {
        """
        SELECT manifests.stored FROM manifests WHERE manifests.id IN (\(reached(from: documents)))
        UNION SELECT repository_blobs.stored FROM manifest_blobs
        JOIN manifests ON manifests.id = manifest_blobs.manifest_id
        JOIN repository_blobs ON repository_blobs.repository_id = manifests.repository_id
            AND repository_blobs.digest = manifest_blobs.digest
        WHERE manifests.id IN (\(reached(from: documents)))
        """
    }

    /// Documents, with all that they list.
    private static func reached(from documents: String) -> String {
        """
        WITH RECURSIVE reached (id) AS (
            \(documents)
            UNION SELECT manifest_links.child_id
            FROM manifest_links JOIN reached ON manifest_links.parent_id = reached.id
        )
        SELECT id FROM reached
        """
    }

    /// What a version that is about to go has in the blob store, for a look at it once it is gone.
    func stored(by version: Int64) throws(RegistryStorageError) -> [SQLValue] {
        let document =
            "SELECT versions.manifest_id FROM versions WHERE versions.id = ? AND versions.manifest_id IS NOT NULL"
        let rows = try connection.query(
            """
            SELECT digest FROM artifacts WHERE version_id = ? AND url IS NULL
            UNION \(Self.stored(by: document))
            """,
            [version.sql, version.sql, version.sql]
        )
        return rows.compactMap(\.columns.first)
    }

    /// Notes that no version delivers any longer what only this one did; for a version that is about to go.
    func withdraw(_ version: Int64, of worker: Int64) throws(RegistryStorageError) {
        let row = try connection.row(
            """
            SELECT manifests.repository_id FROM versions JOIN manifests ON manifests.id = versions.manifest_id
            WHERE versions.id = ?
            """,
            [version.sql]
        )
        guard let repository = try row?.integer(0) else { return }
        try connection.execute("UPDATE versions SET manifest_id = NULL WHERE id = ?", [version.sql])
        try connection.execute("UPDATE manifests SET is_published = 0 WHERE repository_id = ?", [repository.sql])
        try markPublished(
            "SELECT manifest_id FROM versions WHERE worker_id = ? AND manifest_id IS NOT NULL",
            with: [worker.sql]
        )
    }

    /// Marks documents, and all that they list, as what versions deliver.
    private func markPublished(_ documents: String, with parameters: [SQLValue]) throws(RegistryStorageError) {
        try connection.execute(
            """
            UPDATE manifests SET is_published = 1 WHERE id IN (\(Self.reached(from: documents)))
            """,
            parameters
        )
    }

    func undelivered(after id: Int64, limit: Int) throws(RegistryStorageError) -> [UndeliveredVersion] {
        let rows = try connection.query(
            """
            SELECT versions.id, workers.name, versions.version
            FROM versions JOIN workers ON workers.id = versions.worker_id
            WHERE versions.id > ? AND versions.manifest_id IS NULL AND EXISTS (
                SELECT 1 FROM artifacts WHERE artifacts.version_id = versions.id AND artifacts.url IS NULL
            )
            ORDER BY versions.id LIMIT ?
            """,
            [id.sql, max(limit, 0).sql]
        )
        var versions: [UndeliveredVersion] = []
        for row in rows {
            versions.append(
                UndeliveredVersion(id: try row.integer(0), worker: try row.workerName(1), version: try row.version(2))
            )
        }
        return versions
    }

    private func identity(of manifest: ContentDigest, in repository: Int64) throws(RegistryStorageError) -> Int64? {
        try connection.row(
            "SELECT id FROM manifests WHERE repository_id = ? AND digest = ?",
            [repository.sql, manifest.sql]
        )?.integer(0)
    }
}

extension SQLRow {
    fileprivate func manifest() throws(RegistryStorageError) -> RepositoryManifest {
        RepositoryManifest(
            document: RepositoryBlob(
                digest: try contentDigest(0),
                stored: try digest(1),
                size: ByteCount(try integer(2))
            ),
            mediaType: try text(3),
            artifactType: try textIfAny(4),
            subject: try isNull(5) ? nil : contentDigest(5),
            annotations: try textIfAny(6),
            isPublished: try flag(7)
        )
    }
}
