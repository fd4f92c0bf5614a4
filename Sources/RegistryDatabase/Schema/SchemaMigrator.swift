// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage

/// Brings a database to a schema, inside the transaction of the caller.
struct SchemaMigrator {
    let dialect: SQLDialect
    /// Where the database is, for messages.
    let place: String
    var migrations = SchemaMigration.all

    /// Runs the steps that are missing; does nothing to a database that is up to date.
    ///
    /// - Throws: `.newerSchema` for a database of a later release, with nothing changed.
    func migrate(_ connection: some SQLConnection, at now: Timestamp) throws(RegistryStorageError) {
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS registry_schema (
                number \(dialect.integer) NOT NULL PRIMARY KEY,
                applied_at \(dialect.integer) NOT NULL
            )\(dialect.tableOptions)
            """,
            []
        )
        let found = try connection.row("SELECT COALESCE(MAX(number), 0) FROM registry_schema", [])?.integer(0) ?? 0
        guard found <= migrations.count else {
            throw .newerSchema(path: place, found: Int(clamping: found), known: migrations.count)
        }
        for migration in migrations where Int64(migration.number) > found {
            for statement in migration.statements(dialect) { try connection.execute(statement, []) }
            try connection.execute(
                "INSERT INTO registry_schema (number, applied_at) VALUES (?, ?)",
                [migration.number.sql, now.sql]
            )
        }
    }
}
