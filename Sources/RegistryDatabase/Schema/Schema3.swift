// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension SchemaMigration {
    /// Patterns of names on keys, suspended accounts.
    static let schema3 = SchemaMigration(number: 3) { dialect in
        [
            "ALTER TABLE api_keys ADD COLUMN patterns TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE accounts ADD COLUMN suspended_at \(dialect.integer)",
        ]
    }
}
