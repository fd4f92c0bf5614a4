// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension SchemaMigration {
    /// Repositories of images and artifacts, and what versions deliver by them.
    static let schema7 = SchemaMigration(number: 7) { dialect in
        repositories(dialect) + documents(dialect) + [
            "ALTER TABLE versions ADD COLUMN manifest_id \(dialect.integer) REFERENCES manifests (id)",
            "CREATE INDEX versions_by_manifest ON versions (manifest_id)",
            "ALTER TABLE uploads ADD COLUMN is_published \(dialect.integer) NOT NULL DEFAULT 0",
            """
            UPDATE uploads SET is_published = 1
            WHERE EXISTS (SELECT 1 FROM artifacts WHERE artifacts.digest = uploads.digest AND artifacts.url IS NULL)
            """,
            "CREATE INDEX uploads_unpublished ON uploads (account_id) WHERE is_published = 0",
            """
            CREATE TABLE secrets (
                name \(dialect.name) NOT NULL PRIMARY KEY,
                value \(dialect.bytes) NOT NULL
            )\(dialect.tableOptions)
            """,
        ]
    }

    /// Digests are kept as clients write them; `stored` is what the blob store has the bytes under.
    private static func repositories(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE repositories (
                id \(dialect.identity),
                name \(dialect.name) NOT NULL UNIQUE,
                creator_id \(dialect.integer) NOT NULL REFERENCES accounts (id),
                created_at \(dialect.integer) NOT NULL
            )\(dialect.tableOptions)
            """,
            """
            CREATE TABLE repository_blobs (
                repository_id \(dialect.integer) NOT NULL REFERENCES repositories (id),
                digest \(dialect.name) NOT NULL,
                stored \(dialect.bytes) NOT NULL,
                size \(dialect.integer) NOT NULL,
                added_at \(dialect.integer) NOT NULL,
                PRIMARY KEY (repository_id, digest)
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX repository_blobs_by_stored ON repository_blobs (stored)",
            "CREATE INDEX repository_blobs_by_digest ON repository_blobs (digest)",
        ]
    }

    private static func documents(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE manifests (
                id \(dialect.identity),
                repository_id \(dialect.integer) NOT NULL REFERENCES repositories (id),
                digest \(dialect.name) NOT NULL,
                stored \(dialect.bytes) NOT NULL,
                size \(dialect.integer) NOT NULL,
                media_type TEXT NOT NULL,
                artifact_type TEXT,
                subject \(dialect.name),
                annotations TEXT,
                is_published \(dialect.integer) NOT NULL DEFAULT 0,
                pushed_at \(dialect.integer) NOT NULL,
                UNIQUE (repository_id, digest)
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX manifests_by_stored ON manifests (stored)",
            "CREATE INDEX manifests_by_subject ON manifests (repository_id, subject)",
            """
            CREATE TABLE manifest_links (
                parent_id \(dialect.integer) NOT NULL REFERENCES manifests (id),
                child_id \(dialect.integer) NOT NULL REFERENCES manifests (id),
                PRIMARY KEY (parent_id, child_id)
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX manifest_links_by_child ON manifest_links (child_id)",
            """
            CREATE TABLE manifest_blobs (
                manifest_id \(dialect.integer) NOT NULL REFERENCES manifests (id),
                digest \(dialect.name) NOT NULL,
                PRIMARY KEY (manifest_id, digest)
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX manifest_blobs_by_digest ON manifest_blobs (digest)",
            """
            CREATE TABLE tags (
                repository_id \(dialect.integer) NOT NULL REFERENCES repositories (id),
                name \(dialect.name) NOT NULL,
                manifest_id \(dialect.integer) NOT NULL REFERENCES manifests (id),
                moved_at \(dialect.integer) NOT NULL,
                PRIMARY KEY (repository_id, name)
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX tags_by_manifest ON tags (manifest_id)",
        ]
    }
}
