// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension SchemaMigration {
    /// What happens to versions after publishing; lists and search; counts of a whole day.
    static let schema2 = SchemaMigration(number: 2) { dialect in
        afterPublishing(dialect) + listings(dialect) + dialect.searchTables + spellings(dialect) + days(dialect)
    }

    /// Skills are one text a version, since they are replaced and read together.
    private static func afterPublishing(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE skills (
                version_id \(dialect.integer) NOT NULL PRIMARY KEY REFERENCES versions (id),
                skills TEXT NOT NULL,
                prompts TEXT NOT NULL
            )\(dialect.tableOptions)
            """,
            """
            CREATE TABLE deprecations (
                worker_id \(dialect.integer) NOT NULL REFERENCES workers (id),
                versions TEXT NOT NULL,
                message TEXT NOT NULL,
                replacement \(dialect.name),
                at \(dialect.integer) NOT NULL,
                PRIMARY KEY (worker_id, versions)
            )\(dialect.tableOptions)
            """,
            """
            CREATE TABLE removed_versions (
                worker_id \(dialect.integer) NOT NULL REFERENCES workers (id),
                version \(dialect.name) NOT NULL,
                at \(dialect.integer) NOT NULL,
                reason TEXT NOT NULL,
                is_abuse \(dialect.integer) NOT NULL,
                PRIMARY KEY (worker_id, version)
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX channels_by_version ON channels (version_id)",
            "CREATE INDEX events_by_kind ON events (kind, sequence)",
        ]
    }

    /// One row for each worker that lists show, with the answer that stays the same while `latest` does.
    private static func listings(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE listings (
                worker_id \(dialect.integer) NOT NULL PRIMARY KEY REFERENCES workers (id),
                search_id \(dialect.integer) NOT NULL UNIQUE,
                format \(dialect.integer) NOT NULL,
                kind TEXT NOT NULL,
                downloads \(dialect.integer) NOT NULL,
                published_at \(dialect.integer) NOT NULL,
                answer TEXT NOT NULL
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX listings_by_downloads ON listings (downloads, worker_id)",
            "CREATE INDEX listings_by_time ON listings (published_at, worker_id)",
            "CREATE INDEX listings_by_kind_and_downloads ON listings (kind, downloads, worker_id)",
            "CREATE INDEX listings_by_kind_and_time ON listings (kind, published_at, worker_id)",
            """
            CREATE TABLE listing_tags (
                tag \(dialect.name) NOT NULL,
                worker_id \(dialect.integer) NOT NULL REFERENCES workers (id),
                PRIMARY KEY (tag, worker_id)
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX listing_tags_by_worker ON listing_tags (worker_id)",
        ]
    }

    /// Words that searches may mean, under each spelling that lacks one character.
    private static func spellings(_ dialect: SQLDialect) -> [String] {
        [
            "CREATE TABLE search_terms (term \(dialect.name) NOT NULL PRIMARY KEY)\(dialect.tableOptions)",
            """
            CREATE TABLE search_spellings (
                spelling \(dialect.name) NOT NULL,
                term \(dialect.name) NOT NULL,
                PRIMARY KEY (spelling, term)
            )\(dialect.tableOptions)
            """,
        ]
    }

    private static func days(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE download_days (
                day \(dialect.integer) NOT NULL,
                is_ci \(dialect.integer) NOT NULL,
                count \(dialect.integer) NOT NULL,
                PRIMARY KEY (day, is_ci)
            )\(dialect.tableOptions)
            """,
            "INSERT INTO download_days SELECT day, is_ci, CAST(SUM(count) AS BIGINT) FROM downloads GROUP BY day, is_ci",
        ]
    }
}
