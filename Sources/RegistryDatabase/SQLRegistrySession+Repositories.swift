// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// Repositories, and the bytes that they have.
extension SQLRegistrySession {
    func repository(_ name: RepositoryName) throws(RegistryStorageError) -> RepositoryRecord? {
        let row = try connection.row(
            """
            SELECT accounts.name, repositories.created_at
            FROM repositories JOIN accounts ON accounts.id = repositories.creator_id WHERE repositories.name = ?
            """,
            [name.sql]
        )
        guard let row else { return nil }
        return RepositoryRecord(name: name, creator: try row.accountName(0), createdAt: try row.moment(1))
    }

    func holder(ofRepositoriesBelow root: Substring) throws(RegistryStorageError) -> AccountName? {
        // What begins with `root/` lies between it and the character after `/`.
        try connection.row(
            """
            SELECT accounts.name FROM repositories JOIN accounts ON accounts.id = repositories.creator_id
            WHERE repositories.name = ? OR (repositories.name > ? AND repositories.name < ?)
            ORDER BY repositories.id LIMIT 1
            """,
            [String(root).sql, "\(root)/".sql, "\(root)0".sql]
        )?.accountName(0)
    }

    func repositories(after name: String, limit: Int) throws(RegistryStorageError) -> [RepositoryName] {
        let rows = try connection.query(
            "SELECT name FROM repositories WHERE name > ? ORDER BY name LIMIT ?",
            [name.sql, max(limit, 0).sql]
        )
        var names: [RepositoryName] = []
        for row in rows { names.append(try row.parsed(0) { try RepositoryName(parsing: $0) }) }
        return names
    }

    func insertRepository(_ repository: RepositoryRecord) throws(RegistryStorageError) {
        guard let creator = try identity(of: repository.creator) else { throw .accountNotFound(repository.creator) }
        try connection.execute(
            "INSERT INTO repositories (name, creator_id, created_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
            [repository.name.sql, creator.sql, repository.createdAt.sql]
        )
    }

    // MARK: Blobs

    func blob(_ digest: ContentDigest, in name: RepositoryName) throws(RegistryStorageError) -> RepositoryBlob? {
        let row = try connection.row(
            """
            SELECT stored, size FROM repositories
            JOIN repository_blobs ON repository_blobs.repository_id = repositories.id
            WHERE repositories.name = ? AND repository_blobs.digest = ?
            """,
            [name.sql, digest.sql]
        )
        guard let row else { return nil }
        return RepositoryBlob(digest: digest, stored: try row.digest(0), size: ByteCount(try row.integer(1)))
    }

    func blob(anywhere digest: ContentDigest) throws(RegistryStorageError) -> RepositoryBlob? {
        let row = try connection.row(
            "SELECT stored, size FROM repository_blobs WHERE digest = ? LIMIT 1",
            [digest.sql]
        )
        guard let row else { return nil }
        return RepositoryBlob(digest: digest, stored: try row.digest(0), size: ByteCount(try row.integer(1)))
    }

    func isUsed(blob digest: ContentDigest, in name: RepositoryName) throws(RegistryStorageError) -> Bool {
        try connection.row(
            """
            SELECT 1 FROM manifest_blobs JOIN manifests ON manifests.id = manifest_blobs.manifest_id
            JOIN repositories ON repositories.id = manifests.repository_id
            WHERE manifest_blobs.digest = ? AND repositories.name = ? LIMIT 1
            """,
            [digest.sql, name.sql]
        ) != nil
    }

    func insertBlob(
        _ blob: RepositoryBlob,
        into name: RepositoryName,
        at now: Timestamp
    ) throws(RegistryStorageError) {
        guard let id = try identity(of: name) else { throw .repositoryNotFound(name) }
        try connection.execute(
            """
            INSERT INTO repository_blobs (repository_id, digest, stored, size, added_at) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (repository_id, digest) DO UPDATE SET added_at = excluded.added_at
            """,
            [id.sql, blob.digest.sql, blob.stored.sql, blob.size.bytes.sql, now.sql]
        )
    }

    func removeBlob(_ digest: ContentDigest, in name: RepositoryName) throws(RegistryStorageError) -> Bool {
        guard let id = try identity(of: name) else { return false }
        return try connection.execute(
            "DELETE FROM repository_blobs WHERE repository_id = ? AND digest = ?",
            [id.sql, digest.sql]
        ) > 0
    }

    // MARK: What nothing reaches

    func collectRepositories(
        before moment: Timestamp,
        limit: Int
    ) throws(RegistryStorageError) -> RepositoryCollection {
        var outcome = RepositoryCollection()
        let manifests = try connection.query(
            """
            SELECT id FROM manifests WHERE pushed_at < ? AND is_published = 0
                AND NOT EXISTS (SELECT 1 FROM tags WHERE tags.manifest_id = manifests.id)
                AND NOT EXISTS (SELECT 1 FROM manifest_links WHERE manifest_links.child_id = manifests.id)
                AND NOT EXISTS (
                    SELECT 1 FROM manifests AS subjects
                    WHERE subjects.repository_id = manifests.repository_id AND subjects.digest = manifests.subject
                )
            LIMIT ?
            """,
            [moment.sql, max(limit, 0).sql]
        )
        for row in manifests { try forgetManifest(try row.integer(0)) }
        outcome.manifests = manifests.count
        let blobs = try connection.query(
            """
            SELECT repository_id, digest FROM repository_blobs WHERE added_at < ? AND NOT EXISTS (
                SELECT 1 FROM manifest_blobs JOIN manifests ON manifests.id = manifest_blobs.manifest_id
                WHERE manifest_blobs.digest = repository_blobs.digest
                    AND manifests.repository_id = repository_blobs.repository_id
            )
            LIMIT ?
            """,
            [moment.sql, max(limit, 0).sql]
        )
        for row in blobs {
            try connection.execute(
                "DELETE FROM repository_blobs WHERE repository_id = ? AND digest = ?",
                row.columns
            )
        }
        outcome.blobs = blobs.count
        outcome.repositories = try connection.execute(
            """
            DELETE FROM repositories WHERE created_at < ?
                AND NOT EXISTS (SELECT 1 FROM manifests WHERE manifests.repository_id = repositories.id)
                AND NOT EXISTS (SELECT 1 FROM repository_blobs WHERE repository_blobs.repository_id = repositories.id)
            """,
            [moment.sql]
        )
        return outcome
    }

    // MARK: Secrets

    func secret(_ name: String) throws(RegistryStorageError) -> [UInt8]? {
        let row = try connection.row("SELECT value FROM secrets WHERE name = ?", [name.sql])
        guard case .bytes(let bytes)? = row?.columns.first else { return nil }
        return bytes
    }

    func keepSecret(_ bytes: [UInt8], as name: String) throws(RegistryStorageError) {
        try connection.execute(
            "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
            [name.sql, .bytes(bytes)]
        )
    }

    /// The number of a repository's row, nil when there is no such repository.
    func identity(of repository: RepositoryName) throws(RegistryStorageError) -> Int64? {
        try connection.row("SELECT id FROM repositories WHERE name = ?", [repository.sql])?.integer(0)
    }
}
