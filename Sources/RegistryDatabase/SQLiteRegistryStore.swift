// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import GRDB
package import RegistryStorage
import Synchronization
package import SystemPackage

/// The registry's memory in one SQLite file, for one server and the commands beside it.
///
/// Write-ahead log, `synchronous=FULL`: what was acknowledged survives a crash of the machine. Readers do not wait for
/// writers. The file has mode 0600, as have `-wal` and `-shm` beside it. Any number of programs may have it open.
package final class SQLiteRegistryStore: RegistryStore {
    /// Marks the file as a registry's: `iiir`.
    static let applicationID: Int64 = 0x6969_6972
    /// How long a writer waits for a writer of another program.
    private static let busyTimeoutSeconds = 5.0
    private static let largestReaderCount = 8

    let pool: DatabasePool
    let queue: WriteQueue
    private let indexes = IndexCache()
    private let changes = ChangeWatch()
    private let isClosed = Mutex(false)

    private init(_ pool: DatabasePool) {
        self.pool = pool
        queue = WriteQueue(pool)
        pool.add(transactionObserver: changes, extent: .observerLifetime)
    }

    package var generation: UInt64 { changes.generation }

    /// Opens the database, makes it where there is none, and brings it to the newest schema.
    ///
    /// Blocks while it does. The folder must exist. With `isUpgraded` false a database of an older release is refused
    /// instead, with nothing changed: the release that it belongs to may be serving it.
    ///
    /// - Throws: `RegistryStorageError`: `.newerSchema`, `.olderSchema`, `.notARegistry`, `.damaged`, `.busy`,
    ///   `.storageFull`, `.failed`.
    package static func open(
        _ path: FilePath,
        at now: Timestamp,
        isUpgraded: Bool = true
    ) throws(RegistryStorageError) -> SQLiteRegistryStore {
        try open(path, at: now, isUpgraded: isUpgraded, migrations: SchemaMigration.all)
    }

    static func open(
        _ path: FilePath,
        at now: Timestamp,
        isUpgraded: Bool = true,
        migrations: [SchemaMigration]
    ) throws(RegistryStorageError) -> SQLiteRegistryStore {
        do {
            // Before SQLite does, which would let everybody read it.
            do { try makeFile(path) } catch Errno.fileExists {}
            let found = try schema(of: path)
            if !isUpgraded, found > 0, found < migrations.count {
                throw RegistryStorageError.olderSchema(path: path.string, found: found, known: migrations.count)
            }
            let pool = try DatabasePool(path: path.string, configuration: configuration())
            let migrator = SchemaMigrator(dialect: .sqlite, place: path.string, migrations: migrations)
            try pool.writeWithoutTransaction { database in
                // GRDB has set NORMAL for this connection, which is the only one that writes.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try database.inTransaction(.immediate) {
                    try migrator.migrate(GRDBConnection(database: database), at: now)
                    try database.execute(sql: "PRAGMA application_id = \(applicationID)")
                    return .commit
                }
            }
            return SQLiteRegistryStore(pool)
        } catch { throw RegistryStorageError(sqlite: error, while: "open `\(path)`") }
    }

    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (any RegistryReadSession) throws -> Value
    ) async throws -> Value {
        try expectOpen()
        let indexes = indexes
        do {
            return try await pool.read { database in
                try body(SQLRegistrySession(connection: GRDBConnection(database: database), indexes: indexes))
            }
        } catch let error as DatabaseError { throw RegistryStorageError(sqlite: error, while: "read") }
    }

    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any RegistrySession) throws -> Value
    ) async throws -> Value {
        try expectOpen()
        try Task.checkCancellation()
        let result = Outcome<Value>()
        return try await withCheckedThrowingContinuation { continuation in
            queue.add(
                WriteQueue.Job { session in
                    let value = try body(session)
                    result.value.withLock { $0 = value }
                } finish: { error in
                    let value = result.value.withLock { $0 }
                    if let error {
                        continuation.resume(throwing: error)
                    } else if let value {
                        continuation.resume(returning: value)
                    } else {
                        continuation.resume(throwing: RegistryStorageError.closed)
                    }
                }
            )
        }
    }

    package func close() async throws {
        let isFirst = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return !isClosed
        }
        guard isFirst else { return }
        do { try pool.close() } catch { throw RegistryStorageError(sqlite: error, while: "close") }
        // Where that fails the log stays, and whoever opens the database next reads it.
        try? Self.foldLog(into: pool.path)
    }

    /// Leaves the file alone, with all that stands in the log beside it, unless somebody else has it open.
    ///
    /// The last connection of a database does that; of a pool it is one that may only read, and cannot.
    private static func foldLog(into path: String) throws {
        let last = try DatabaseQueue(path: path, configuration: configuration())
        _ = try last.read { try Int64.fetchOne($0, sql: "PRAGMA schema_version") }
        try last.close()
    }

    private func expectOpen() throws(RegistryStorageError) {
        if isClosed.withLock({ $0 }) { throw .closed }
    }
}

/// What a writer came to, on its way from the database's thread to who waits for it.
private final class Outcome<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}

extension SQLiteRegistryStore {
    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "registry"
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(busyTimeoutSeconds)
        configuration.maximumReaderCount = largestReaderCount
        configuration.persistentReadOnlyConnections = true
        return configuration
    }

    /// Makes an empty file that nobody else may read.
    ///
    /// - Throws: `Errno`, `.fileExists` where there is one.
    static func makeFile(_ path: FilePath) throws {
        let file = try FileDescriptor.open(
            path,
            .readWrite,
            options: [.create, .exclusiveCreate, .closeOnExec],
            permissions: .ownerReadWrite
        )
        try file.close()
    }

    /// Looks at a file without changing it, so that a wrong path costs nobody a database.
    ///
    /// - Returns: the number of its schema, 0 for a new one.
    private static func schema(of path: FilePath) throws -> Int {
        var configuration = configuration()
        configuration.readonly = true
        let queue: DatabaseQueue
        do { queue = try DatabaseQueue(path: path.string, configuration: configuration) } catch let error
            as DatabaseError
        {
            if error.resultCode == .SQLITE_NOTADB { throw RegistryStorageError.notARegistry(path: path.string) }
            throw error
        }
        let found = try queue.read { database in
            let mark = try Int64.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            let tables = try Int64.fetchOne(database, sql: "SELECT COUNT(*) FROM sqlite_master") ?? 0
            // Without tables it is new, or was cut off while it was being made.
            if mark != applicationID, tables > 0 { throw RegistryStorageError.notARegistry(path: path.string) }
            if tables == 0 { return 0 }
            return try Int.fetchOne(database, sql: "SELECT COALESCE(MAX(number), 0) FROM registry_schema") ?? 0
        }
        try queue.close()
        return found
    }
}
