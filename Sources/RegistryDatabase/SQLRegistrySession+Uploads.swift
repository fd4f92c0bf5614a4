// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// What accounts have uploaded.
extension SQLRegistrySession {
    /// Whether a version delivers it.
    private static let isPublished = """
        (EXISTS (SELECT 1 FROM artifacts WHERE artifacts.digest = uploads.digest AND artifacts.url IS NULL)
            OR EXISTS (
                SELECT 1 FROM repository_blobs
                JOIN manifest_blobs ON manifest_blobs.digest = repository_blobs.digest
                JOIN manifests ON manifests.id = manifest_blobs.manifest_id
                    AND manifests.repository_id = repository_blobs.repository_id
                WHERE repository_blobs.stored = uploads.digest AND manifests.is_published = 1
            )
            OR EXISTS (SELECT 1 FROM manifests WHERE manifests.stored = uploads.digest AND manifests.is_published = 1))
        """
    /// Whether a repository has it, delivered or not.
    private static let isKept = """
        (EXISTS (SELECT 1 FROM repository_blobs WHERE repository_blobs.stored = uploads.digest)
            OR EXISTS (SELECT 1 FROM manifests WHERE manifests.stored = uploads.digest))
        """

    func uploadedSize(of digest: Digest) throws(RegistryStorageError) -> ByteCount? {
        let row = try connection.row("SELECT size FROM uploads WHERE digest = ? LIMIT 1", [digest.sql])
        return try row.map { row throws(RegistryStorageError) in ByteCount(try row.integer(0)) }
    }

    func unreferencedUploads(
        of account: AccountName,
        since moment: Timestamp
    ) throws(RegistryStorageError) -> ByteCount {
        guard let id = try identity(of: account) else { return .zero }
        let row = try connection.row(
            """
            SELECT COALESCE(SUM(size), 0) FROM uploads
            WHERE account_id = ? AND is_published = 0 AND (uploaded_at >= ? OR \(Self.isKept))
            """,
            [id.sql, moment.sql]
        )
        return ByteCount(try row?.integer(0) ?? 0)
    }

    func recordUpload(
        of digest: Digest,
        size: ByteCount,
        by account: AccountName,
        at now: Timestamp
    ) throws(RegistryStorageError) {
        guard let id = try identity(of: account) else { throw .accountNotFound(account) }
        try connection.execute(
            """
            INSERT INTO uploads (digest, account_id, size, uploaded_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (digest, account_id) DO UPDATE SET size = excluded.size, uploaded_at = excluded.uploaded_at
            """,
            [digest.sql, id.sql, size.bytes.sql, now.sql]
        )
        try noteWhatIsPublished(among: "?", with: [digest.sql])
    }

    /// Notes of the uploads of some digests whether a version delivers them, once that may have changed.
    ///
    /// What an account has unpublished is then found without a look at all that it ever uploaded.
    func noteWhatIsPublished(among digests: String, with parameters: [SQLValue]) throws(RegistryStorageError) {
        try connection.execute(
            """
            UPDATE uploads SET is_published = CASE WHEN \(Self.isPublished) THEN 1 ELSE 0 END
            WHERE digest IN (\(digests))
            """,
            parameters
        )
    }

    func forgetUploads(before moment: Timestamp) throws(RegistryStorageError) {
        try connection.execute(
            "DELETE FROM uploads WHERE uploaded_at < ? AND is_published = 0 AND NOT \(Self.isKept)",
            [moment.sql]
        )
    }
}
