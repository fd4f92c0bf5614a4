// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import GRDB
import RegistryStorage
import SystemPackage

/// A connection of GRDB as this module's SQL sees it.
///
/// Statements are prepared once for each connection.
struct GRDBConnection: SQLConnection {
    let database: Database

    @discardableResult
    func execute(_ sql: String, _ parameters: [SQLValue]) throws(RegistryStorageError) -> Int {
        let arguments = try StatementArguments(checking: parameters)
        do {
            try database.cachedStatement(sql: sql).execute(arguments: arguments)
            return database.changesCount
        } catch { throw RegistryStorageError(sqlite: error, while: "run a statement") }
    }

    func query(_ sql: String, _ parameters: [SQLValue]) throws(RegistryStorageError) -> [SQLRow] {
        let arguments = try StatementArguments(checking: parameters)
        do {
            let statement = try database.cachedStatement(sql: sql)
            let cursor = try Row.fetchCursor(statement, arguments: arguments)
            var rows: [SQLRow] = []
            while let row = try cursor.next() { rows.append(SQLRow(columns: row.databaseValues.map(SQLValue.init))) }
            return rows
        } catch { throw RegistryStorageError(sqlite: error, while: "answer a question") }
    }
}

extension StatementArguments {
    fileprivate init(checking parameters: [SQLValue]) throws(RegistryStorageError) {
        var values: [DatabaseValue] = []
        values.reserveCapacity(parameters.count)
        for parameter in parameters {
            switch parameter {
            case .null: values.append(.null)
            case .integer(let integer): values.append(integer.databaseValue)
            case .bytes(let bytes): values.append(Data(bytes).databaseValue)
            case .text(let text):
                // It would be cut there when it is read; PostgreSQL refuses it as well.
                if text.utf8.contains(0) {
                    throw .failed(operation: "store a text", reason: "it has a NUL character")
                }
                values.append(text.databaseValue)
            }
        }
        self.init(values)
    }
}

extension SQLValue {
    fileprivate init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let integer): self = .integer(integer)
        case .string(let text): self = .text(text)
        case .blob(let data): self = .bytes([UInt8](data))
        // No column of ours holds one; as a null it is reported as damage where it is read.
        case .double: self = .null
        }
    }
}

extension RegistryStorageError {
    /// What an error of GRDB means to the registry.
    init(sqlite error: any Error, while operation: String) {
        if let known = error as? RegistryStorageError {
            self = known
            return
        }
        if error as? Errno == .noSpace || error as? Errno == .diskQuotaExceeded {
            self = .storageFull
            return
        }
        guard let error = error as? DatabaseError else {
            self = .failed(operation: operation, reason: "\(error)")
            return
        }
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy
        case .SQLITE_FULL: self = .storageFull
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .damaged(what: error.message ?? "it is no database")
        case .SQLITE_MISUSE: self = .closed
        default:
            let words = error.message ?? "no further words"
            self = .failed(operation: operation, reason: "\(words) (SQLite \(error.extendedResultCode.rawValue))")
        }
    }
}
