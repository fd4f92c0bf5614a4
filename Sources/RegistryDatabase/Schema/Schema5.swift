// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension SchemaMigration {
    /// Names that look alike are found where `i` and `l` read the same; what accounts have uploaded.
    static let schema5 = SchemaMigration(number: 5) { dialect in
        [
            "CREATE INDEX workers_by_likeness ON workers (replace(skeleton, 'i', 'l'))",
            """
            CREATE TABLE uploads (
                digest \(dialect.bytes) NOT NULL,
                account_id \(dialect.integer) NOT NULL REFERENCES accounts (id),
                size \(dialect.integer) NOT NULL,
                uploaded_at \(dialect.integer) NOT NULL,
                PRIMARY KEY (digest, account_id)
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX uploads_by_account ON uploads (account_id, uploaded_at)",
        ]
    }
}
