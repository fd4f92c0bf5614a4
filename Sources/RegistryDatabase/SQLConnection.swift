// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage

/// One connection inside one transaction.
///
/// All that the SQL of this module needs of an engine.
///
/// Statements mark their parameters with `?`. They keep to what SQLite and PostgreSQL share: `ON CONFLICT` rather than
/// failing inserts, since a failed statement ends a transaction of PostgreSQL.
protocol SQLConnection {
    /// Runs a statement that answers no rows.
    ///
    /// - Returns: how many rows it changed.
    @discardableResult
    func execute(_ sql: String, _ parameters: [SQLValue]) throws(RegistryStorageError) -> Int

    /// Runs a statement and collects its rows.
    func query(_ sql: String, _ parameters: [SQLValue]) throws(RegistryStorageError) -> [SQLRow]
}

extension SQLConnection {
    /// The first row of an answer, nil when there is none.
    func row(_ sql: String, _ parameters: [SQLValue]) throws(RegistryStorageError) -> SQLRow? {
        try query(sql, parameters).first
    }
}
