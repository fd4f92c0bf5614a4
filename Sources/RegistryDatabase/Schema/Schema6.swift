// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension SchemaMigration {
    /// The programs of iii that the registry offers.
    static let schema6 = SchemaMigration(number: 6) { dialect in
        [
            """
            CREATE TABLE programs (
                target \(dialect.name) NOT NULL,
                name \(dialect.name) NOT NULL,
                version \(dialect.name) NOT NULL,
                digest \(dialect.bytes) NOT NULL,
                size \(dialect.integer) NOT NULL,
                PRIMARY KEY (target, name)
            )\(dialect.tableOptions)
            """,
            "CREATE INDEX programs_by_digest ON programs (digest)",
        ]
    }
}
