// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import GRDB
import RegistryStorage

extension SQLiteRegistryStore {
    /// Has SQLite look at every page, index and reference of the file.
    ///
    /// Reads only; takes time in proportion to the size of the database.
    ///
    /// - Throws: `RegistryStorageError.damaged` with the first thing that is wrong.
    package func check() async throws {
        do {
            let findings = try await pool.read { database in
                let integrity = try String.fetchAll(database, sql: "PRAGMA integrity_check(1)").filter { $0 != "ok" }
                let orphans = try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").map { row in
                    "a row of `\(row["table"] ?? "")` refers to one of `\(row["parent"] ?? "")` that is gone"
                }
                return integrity + orphans
            }
            if let first = findings.first { throw RegistryStorageError.damaged(what: first) }
        } catch let error as DatabaseError { throw RegistryStorageError(sqlite: error, while: "check") }
    }
}
