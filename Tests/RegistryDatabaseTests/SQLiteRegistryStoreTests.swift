// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Dispatch
import Foundation
import GRDB
import RegistryStorage
import Synchronization
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import RegistryDatabase

/// The SQLite store keeps the contract, and what it acknowledged.
struct SQLiteRegistryStoreTests {
    private static let now = Sample.time(1000)

    @Test(arguments: RegistryStoreContract.claims)
    func keepsTheContract(_ claim: RegistryStoreContract) async throws {
        try await withTemporaryDirectory { folder in
            let store = try SQLiteRegistryStore.open(folder.appending("registry.db"), at: Self.now)
            try await claim.hold(store)
            try await store.close()
        }
    }

    // MARK: The file

    @Test func filesAreForTheirOwnerOnly() async throws {
        try await withTemporaryDirectory { folder in
            let store = try SQLiteRegistryStore.open(folder.appending("registry.db"), at: Self.now)
            try await store.write { try $0.prepare() }
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted()
            #expect(names == ["registry.db", "registry.db-shm", "registry.db-wal"])
            for name in names {
                let attributes = try FileManager.default.attributesOfItem(atPath: folder.appending(name).string)
                #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
            }
            // Closed, it is one file, which may be copied.
            _ = try await store.read { try $0.accounts().count }
            try await store.close()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.string) == ["registry.db"])
            try await store.close()
        }
    }

    @Test func everyCommitWaitsForTheDisk() throws {
        try withTemporaryDirectory { folder in
            let store = try SQLiteRegistryStore.open(folder.appending("registry.db"), at: Self.now)
            let settings = try store.pool.writeWithoutTransaction { database in
                try ["synchronous", "foreign_keys", "journal_mode"].map {
                    try String.fetchOne(database, sql: "PRAGMA \($0)") ?? ""
                }
            }
            #expect(settings == ["2", "1", "wal"])
        }
    }

    @Test func isReadAgainAfterItWasClosed() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("registry.db")
            let first = try SQLiteRegistryStore.open(path, at: Self.now)
            try await first.write { try $0.prepare("echo") }
            try await first.close()
            let second = try SQLiteRegistryStore.open(path, at: Self.now)
            #expect(try await second.read { try $0.worker(Sample.name("echo")) } != nil)
            try await second.close()
        }
    }

    /// What a killed server leaves on disk is what is there while it runs: nothing is closed, nothing tidied up.
    @Test(arguments: [0, 1, 100, 5000]) func killedServerLosesNothingThatWasAcknowledged(tornBytes: Int) async throws {
        try await withTemporaryDirectory { folder in
            let store = try SQLiteRegistryStore.open(folder.appending("registry.db"), at: Self.now)
            try await store.write { try $0.prepare("echo") }
            for number in 0..<20 {
                try await store.write { try $0.insertVersion(Sample.published("echo", "1.0.\(number)")) }
            }
            let copy = folder.appending("copy.db")
            for suffix in ["", "-wal"] {
                try FileManager.default.copyItem(
                    atPath: folder.appending("registry.db").string + suffix,
                    toPath: copy.string + suffix
                )
            }
            // A write that was cut off in the middle leaves noise at the end of the log.
            if tornBytes > 0 {
                let log = try FileHandle(forWritingTo: URL(fileURLWithPath: copy.string + "-wal"))
                try log.seekToEnd()
                try log.write(contentsOf: Data(repeating: 0xA5, count: tornBytes))
                try log.close()
            }
            let survivor = try SQLiteRegistryStore.open(copy, at: Self.now)
            #expect(try await survivor.read { try $0.versions(of: Sample.name("echo")) }.count == 20)
            try await survivor.write { try $0.insertVersion(Sample.published("echo", "2.0.0")) }
            try await survivor.close()
            try await store.close()
        }
    }

    @Test func twoProgramsSeeEachOthersWrites() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("registry.db")
            let server = try SQLiteRegistryStore.open(path, at: Self.now)
            let command = try SQLiteRegistryStore.open(path, at: Self.now)
            let name = try Sample.name("echo")
            try await command.write { try $0.prepare("echo") }
            for number in 0..<10 {
                let writer = number % 2 == 0 ? server : command
                try await writer.write { try $0.insertVersion(Sample.published("echo", "1.0.\(number)")) }
                for reader in [server, command] {
                    #expect(try await reader.read { try $0.index(of: name) }?.entries.count == number + 1)
                }
            }
            try await command.close()
            try await server.close()
        }
    }

    // MARK: Opening what is not ours

    @Test func databaseOfAnOlderReleaseIsLeftAloneUnlessItIsToBeUpgraded() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("registry.db")
            let steps = Array(SchemaMigration.all.dropLast())
            let older = try SQLiteRegistryStore.open(path, at: Self.now, migrations: steps)
            try await older.close()
            let before = try Data(contentsOf: URL(fileURLWithPath: path.string))
            let error = #expect(throws: RegistryStorageError.self) {
                try SQLiteRegistryStore.open(path, at: Self.now, isUpgraded: false)
            }
            guard case .olderSchema(_, let found, let known) = error else {
                Issue.record("should be olderSchema, is \(String(describing: error))")
                return
            }
            #expect(found == steps.count && known == SchemaMigration.newest)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path.string)) == before)
            try await SQLiteRegistryStore.open(path, at: Self.now).close()
            try await SQLiteRegistryStore.open(path, at: Self.now, isUpgraded: false).close()
        }
    }

    @Test func databaseOfANewerReleaseIsRefusedAndLeftAlone() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("registry.db")
            let newer =
                SchemaMigration.all + [
                    SchemaMigration(number: SchemaMigration.newest + 1) { _ in ["CREATE TABLE later (a INTEGER)"] }
                ]
            let later = try SQLiteRegistryStore.open(path, at: Self.now, migrations: newer)
            try await later.write { try $0.prepare("echo") }
            try await later.close()
            let error = #expect(throws: RegistryStorageError.self) { try SQLiteRegistryStore.open(path, at: Self.now) }
            guard case .newerSchema(_, let found, let known) = error else {
                Issue.record("should be newerSchema, is \(String(describing: error))")
                return
            }
            #expect(found == known + 1)
            let again = try SQLiteRegistryStore.open(path, at: Self.now, migrations: newer)
            #expect(try await again.read { try $0.worker(Sample.name("echo")) } != nil)
            try await again.close()
        }
    }

    @Test func databaseOfAnotherProgramIsRefusedAndLeftAlone() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appending("other.db")
            let other = try DatabaseQueue(path: path.string)
            try other.write { try $0.execute(sql: "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)") }
            try other.close()
            let before = try Data(contentsOf: URL(fileURLWithPath: path.string))
            let error = #expect(throws: RegistryStorageError.self) { try SQLiteRegistryStore.open(path, at: Self.now) }
            if case .notARegistry = error {
            } else {
                Issue.record("should be notARegistry, is \(String(describing: error))")
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path.string)) == before)
        }
    }

    @Test func fileThatIsNoDatabaseIsRefusedAndLeftAlone() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appending("notes.txt")
            let text = Data(String(repeating: "these are my notes\n", count: 300).utf8)
            try text.write(to: URL(fileURLWithPath: path.string))
            let error = #expect(throws: RegistryStorageError.self) { try SQLiteRegistryStore.open(path, at: Self.now) }
            if case .notARegistry = error {
            } else {
                Issue.record("should be notARegistry, is \(String(describing: error))")
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path.string)) == text)
        }
    }

    @Test func missingFolderIsAnError() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appending("nothing").appending("registry.db")
            #expect(throws: RegistryStorageError.self) { try SQLiteRegistryStore.open(path, at: Self.now) }
        }
    }

    @Test func damagedValuesAreReportedNotTrapped() async throws {
        try await withTemporaryDirectory { folder in
            let store = try SQLiteRegistryStore.open(folder.appending("registry.db"), at: Self.now)
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertVersion(Sample.published("echo", "1.0.0"))
            }
            try await store.pool.write { try $0.execute(sql: "UPDATE versions SET version = 'one'") }
            let error = await #expect(throws: RegistryStorageError.self) {
                try await store.read { try $0.versions(of: Sample.name("echo")) }
            }
            if case .damaged = error {} else { Issue.record("should be damaged, is \(String(describing: error))") }
            try await store.close()
        }
    }

    // MARK: Readers and writers together

    @Test func readerKeepsItsSnapshotWhileAWriterCommits() async throws {
        try await withTemporaryDirectory { folder in
            let store = try SQLiteRegistryStore.open(folder.appending("registry.db"), at: Self.now)
            try await store.write { try $0.prepare("echo") }
            let hasBegun = DispatchSemaphore(value: 0)
            let mayGoOn = DispatchSemaphore(value: 0)
            async let counts = store.read { (session) throws in
                let before = try session.versions(of: Sample.name("echo")).count
                hasBegun.signal()
                mayGoOn.wait()
                return [before, try session.versions(of: Sample.name("echo")).count]
            }
            await onAnotherThread { hasBegun.wait() }
            try await store.write { try $0.insertVersion(Sample.published("echo", "1.0.0")) }
            #expect(try await store.read { try $0.versions(of: Sample.name("echo")) }.count == 1)
            mayGoOn.signal()
            #expect(try await counts == [0, 0])
            try await store.close()
        }
    }

    /// Writers that wait are committed together; one that fills the disk is undone alone.
    @Test func groupOfWritersSurvivesOneThatFillsTheDisk() async throws {
        try await withTemporaryDirectory { folder in
            let store = try SQLiteRegistryStore.open(folder.appending("registry.db"), at: Self.now)
            try await store.write { try $0.prepare("echo") }
            try await store.pool.writeWithoutTransaction { database in
                let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
                _ = try Int.fetchOne(database, sql: "PRAGMA max_page_count = \(pages + 20)")
            }
            let commits = Mutex(0)
            let observer = CommitCounter { commits.withLock { $0 += 1 } }
            store.pool.add(transactionObserver: observer, extent: .databaseLifetime)
            let outcomes = try await self.outcomes(of: 10, in: store) { number in
                let publication = String(repeating: "x", count: number == 4 ? 1_000_000 : 10)
                return try Sample.published("echo", "1.0.\(number)", publication: publication)
            }
            for (number, error) in outcomes.enumerated() {
                if number == 4 {
                    guard case .storageFull? = error as? RegistryStorageError else {
                        Issue.record("should be storageFull, is \(String(describing: error))")
                        continue
                    }
                } else {
                    #expect(error == nil, "writer \(number)")
                }
            }
            #expect(try await store.read { try $0.versions(of: Sample.name("echo")) }.count == 9)
            try await store.close()
        }
    }

    @Test func writersThatWaitAreCommittedTogether() async throws {
        try await withTemporaryDirectory { folder in
            let store = try SQLiteRegistryStore.open(folder.appending("registry.db"), at: Self.now)
            try await store.write { try $0.prepare("echo") }
            let commits = Mutex(0)
            let observer = CommitCounter { commits.withLock { $0 += 1 } }
            store.pool.add(transactionObserver: observer, extent: .databaseLifetime)
            let outcomes = try await self.outcomes(of: 30, in: store) { try Sample.published("echo", "1.0.\($0 % 20)") }
            // The last ten came too late for their versions.
            #expect(outcomes.filter { $0 == nil }.count == 20)
            #expect(try await store.read { try $0.versions(of: Sample.name("echo")) }.count == 20)
            // One for the writer that held the others up, one for them.
            #expect(commits.withLock { $0 } == 2)
            try await store.close()
        }
    }

    /// Holds the writer until `count` others wait, lets them go, and collects what each came to.
    private func outcomes(
        of count: Int,
        in store: SQLiteRegistryStore,
        _ version: @escaping @Sendable (Int) throws -> PublishedVersion
    ) async throws -> [(any Error)?] {
        let mayGoOn = DispatchSemaphore(value: 0)
        let hasBegun = DispatchSemaphore(value: 0)
        return try await withThrowingTaskGroup(of: (Int, (any Error)?).self) { group in
            group.addTask {
                try await store.write { (session) throws in
                    hasBegun.signal()
                    mayGoOn.wait()
                    try session.touchKey(hash: Digest.sha256([]), at: Self.now)
                }
                return (count, nil)
            }
            await onAnotherThread { hasBegun.wait() }
            for number in 0..<count {
                group.addTask {
                    do {
                        try await store.write { try $0.insertVersion(version(number)) }
                        return (number, nil)
                    } catch { return (number, error) }
                }
            }
            while store.queue.length < count { await Task.yield() }
            mayGoOn.signal()
            var outcomes: [(any Error)?] = Array(repeating: nil, count: count + 1)
            for try await (number, error) in group { outcomes[number] = error }
            return outcomes.dropLast()
        }
    }

    private func onAnotherThread(_ work: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                work()
                continuation.resume()
            }
        }
    }
}

/// Counts the commits of a connection.
private final class CommitCounter: TransactionObserver {
    private let count: () -> Void

    init(_ count: @escaping () -> Void) { self.count = count }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidCommit(_ database: Database) { count() }
    func databaseDidRollback(_ database: Database) {}
}
