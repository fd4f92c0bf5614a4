// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension SchemaMigration {
    /// Accounts and keys; workers with versions, artifacts, dependencies and channels; events; counts.
    static let schema1 = SchemaMigration(number: 1) { dialect in
        accounts(dialect) + workers(dialect) + versions(dialect) + records(dialect)
    }

    private static func accounts(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE accounts (
                id \(dialect.identity),
                name \(dialect.name) NOT NULL UNIQUE,
                created_at \(dialect.integer) NOT NULL
            )\(dialect.tableOptions)
            """,
            """
            CREATE TABLE api_keys (
                hash \(dialect.bytes) NOT NULL PRIMARY KEY,
                account_id \(dialect.integer) NOT NULL REFERENCES accounts (id),
                label TEXT NOT NULL,
                scopes TEXT NOT NULL,
                created_at \(dialect.integer) NOT NULL,
                expires_at \(dialect.integer),
                last_used_at \(dialect.integer)
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX api_keys_by_account ON api_keys (account_id)",
        ]
    }

    private static func workers(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE workers (
                id \(dialect.identity),
                name \(dialect.name) NOT NULL UNIQUE,
                skeleton \(dialect.name) NOT NULL,
                created_at \(dialect.integer) NOT NULL,
                revision \(dialect.integer) NOT NULL DEFAULT 0,
                downloads \(dialect.integer) NOT NULL DEFAULT 0
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX workers_by_skeleton ON workers (skeleton)",
            """
            CREATE TABLE owners (
                worker_id \(dialect.integer) NOT NULL REFERENCES workers (id),
                account_id \(dialect.integer) NOT NULL REFERENCES accounts (id),
                added_at \(dialect.integer) NOT NULL,
                PRIMARY KEY (worker_id, account_id)
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX owners_by_account ON owners (account_id)",
        ]
    }

    /// Long texts are in a table of their own, so that going through the versions of a worker reads little.
    private static func versions(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE versions (
                id \(dialect.identity),
                worker_id \(dialect.integer) NOT NULL REFERENCES workers (id),
                version \(dialect.name) NOT NULL,
                kind TEXT NOT NULL,
                publisher_id \(dialect.integer) NOT NULL REFERENCES accounts (id),
                published_at \(dialect.integer) NOT NULL,
                is_promoted \(dialect.integer) NOT NULL DEFAULT 0,
                yanked_at \(dialect.integer),
                yank_reason TEXT,
                image TEXT,
                UNIQUE (worker_id, version)
            )\(dialect.tableOptions)
            """,
            """
            CREATE TABLE version_documents (
                version_id \(dialect.integer) NOT NULL PRIMARY KEY REFERENCES versions (id),
                publication TEXT NOT NULL,
                answers_format \(dialect.integer) NOT NULL,
                resolve_node TEXT NOT NULL,
                download TEXT,
                detail TEXT NOT NULL
            )\(dialect.tableOptions)
            """,
            """
            CREATE TABLE artifacts (
                version_id \(dialect.integer) NOT NULL REFERENCES versions (id),
                target \(dialect.name) NOT NULL,
                url TEXT,
                digest \(dialect.bytes) NOT NULL,
                PRIMARY KEY (version_id, target)
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX artifacts_by_digest ON artifacts (digest)",
            """
            CREATE TABLE dependencies (
                version_id \(dialect.integer) NOT NULL REFERENCES versions (id),
                position \(dialect.integer) NOT NULL,
                name \(dialect.name) NOT NULL,
                selector TEXT NOT NULL,
                PRIMARY KEY (version_id, position)
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX dependencies_by_name ON dependencies (name)",
            """
            CREATE TABLE channels (
                worker_id \(dialect.integer) NOT NULL REFERENCES workers (id),
                name \(dialect.name) NOT NULL,
                version_id \(dialect.integer) NOT NULL REFERENCES versions (id),
                moved_at \(dialect.integer) NOT NULL,
                PRIMARY KEY (worker_id, name)
            )\(dialect.tableOptions)
            """,
        ]
    }

    /// Events name workers, versions and accounts by text: they outlive them.
    private static func records(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE events (
                sequence \(dialect.identity),
                kind TEXT NOT NULL,
                at \(dialect.integer) NOT NULL,
                account \(dialect.name),
                worker \(dialect.name),
                version \(dialect.name),
                details TEXT NOT NULL
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX events_by_worker ON events (worker, sequence)",
            """
            CREATE TABLE downloads (
                version_id \(dialect.integer) NOT NULL REFERENCES versions (id),
                day \(dialect.integer) NOT NULL,
                is_ci \(dialect.integer) NOT NULL,
                count \(dialect.integer) NOT NULL,
                PRIMARY KEY (version_id, day, is_ci)
            )\(dialect.tableOptions)
            """,
        ]
    }
}
