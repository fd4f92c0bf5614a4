// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// A value as a database holds it.
///
/// Moments are milliseconds, days are day numbers, digests are 32 bytes.
enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    /// Without NUL characters.
    case text(String)
    case bytes([UInt8])
}

extension String { var sql: SQLValue { .text(self) } }
extension Int64 { var sql: SQLValue { .integer(self) } }
extension Int { var sql: SQLValue { .integer(Int64(self)) } }
extension Bool { var sql: SQLValue { .integer(self ? 1 : 0) } }
extension Digest { var sql: SQLValue { .bytes(bytes) } }
extension ContentDigest { var sql: SQLValue { .text(description) } }
extension RepositoryName { var sql: SQLValue { .text(description) } }
extension Timestamp { var sql: SQLValue { .integer(milliseconds) } }
extension Day { var sql: SQLValue { .integer(Int64(number)) } }
extension WorkerName { var sql: SQLValue { .text(description) } }
extension AccountName { var sql: SQLValue { .text(description) } }
extension ChannelName { var sql: SQLValue { .text(description) } }
extension SemanticVersion { var sql: SQLValue { .text(description) } }

/// One row of an answer.
///
/// What does not have the expected form is damage, never a trap.
struct SQLRow: Sendable {
    let columns: [SQLValue]

    private func damage(_ column: Int) -> RegistryStorageError {
        .damaged(what: "column \(column + 1) of \(columns.count) is not what was written there")
    }

    private func value(_ column: Int) throws(RegistryStorageError) -> SQLValue {
        guard columns.indices.contains(column) else { throw damage(column) }
        return columns[column]
    }

    func isNull(_ column: Int) throws(RegistryStorageError) -> Bool { try value(column) == .null }

    func integer(_ column: Int) throws(RegistryStorageError) -> Int64 {
        guard case .integer(let integer) = try value(column) else { throw damage(column) }
        return integer
    }

    func text(_ column: Int) throws(RegistryStorageError) -> String {
        guard case .text(let text) = try value(column) else { throw damage(column) }
        return text
    }

    func textIfAny(_ column: Int) throws(RegistryStorageError) -> String? {
        try isNull(column) ? nil : text(column)
    }

    func flag(_ column: Int) throws(RegistryStorageError) -> Bool { try integer(column) != 0 }

    func moment(_ column: Int) throws(RegistryStorageError) -> Timestamp {
        Timestamp(milliseconds: try integer(column))
    }

    func momentIfAny(_ column: Int) throws(RegistryStorageError) -> Timestamp? {
        try isNull(column) ? nil : moment(column)
    }

    func digest(_ column: Int) throws(RegistryStorageError) -> Digest {
        guard case .bytes(let bytes) = try value(column), let digest = try? Digest(bytes: bytes) else {
            throw damage(column)
        }
        return digest
    }

    func contentDigest(_ column: Int) throws(RegistryStorageError) -> ContentDigest {
        try parsed(column) { try ContentDigest(parsing: $0) }
    }

    /// Reads a text with the parser of its type; what that refuses was never written by us.
    func parsed<Value>(_ column: Int, _ parse: (String) throws -> Value) throws(RegistryStorageError) -> Value {
        let text = try text(column)
        do { return try parse(text) } catch { throw damage(column) }
    }

    func version(_ column: Int) throws(RegistryStorageError) -> SemanticVersion {
        try parsed(column) { try SemanticVersion(parsing: $0) }
    }

    func workerName(_ column: Int) throws(RegistryStorageError) -> WorkerName {
        try parsed(column) { try WorkerName(parsing: $0) }
    }

    func accountName(_ column: Int) throws(RegistryStorageError) -> AccountName {
        try parsed(column) { try AccountName(parsing: $0) }
    }
}
