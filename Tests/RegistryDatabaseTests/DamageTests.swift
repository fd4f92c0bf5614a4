// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import GRDB
import RegistryStorage
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import RegistryDatabase

/// A check finds pages that are not what was written, and a snapshot is a whole registry.
struct DamageTests {
    private static let pageSize: Int64 = 4096

    /// A database with some hundred pages, closed, so that all of it is in the one file.
    private func makeDatabase(_ path: FilePath) async throws -> Int64 {
        let store = try SQLiteRegistryStore.open(path, at: Sample.time(1))
        try await store.write { (session) throws in
            try session.prepare("echo")
            for patch in 0..<200 {
                let text = #"{"readme":"\#(String(repeating: "words \(patch) ", count: 200))"}"#
                try session.insertVersion(Sample.published("echo", "1.0.\(patch)", publication: text))
            }
        }
        try await store.check()
        try await store.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        try await store.close()
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter { try file.seek(offset: 0, from: .end) }
    }

    private func outcome(_ path: FilePath) async -> String {
        do {
            let store = try SQLiteRegistryStore.open(path, at: Sample.time(2))
            do { try await store.check() } catch {
                try await store.close()
                throw error
            }
            try await store.close()
            return "sound"
        } catch RegistryStorageError.damaged { return "damaged" } catch RegistryStorageError.notARegistry {
            return "damaged"
        } catch { return "\(error)" }
    }

    @Test func soundDatabaseIsSound() async throws {
        try await withTemporaryDirectory { (folder) async throws in
            let path = folder.appending("registry.sqlite")
            #expect(try await makeDatabase(path) > 100 * Self.pageSize)
            #expect(await outcome(path) == "sound")
        }
    }

    /// Whichever page it is: the first ones hold the schema, the last ones texts.
    @Test(arguments: [0, 1, 7, 40, 100]) func pageThatWasOverwrittenIsFound(_ page: Int64) async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("registry.sqlite")
            _ = try await makeDatabase(path)
            let file = try FileDescriptor.open(path, .writeOnly)
            let noise = (0..<Int(Self.pageSize)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
            _ = try file.closeAfter { try file.writeAll(toAbsoluteOffset: page * Self.pageSize, noise) }
            #expect(await outcome(path) == "damaged")
        }
    }

    @Test func fileThatWasCutIsFound() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("registry.sqlite")
            let size = try await makeDatabase(path)
            let file = try FileDescriptor.open(path, .writeOnly)
            try file.closeAfter { try file.resize(to: size / Self.pageSize / 2 * Self.pageSize) }
            #expect(await outcome(path) == "damaged")
        }
    }

    @Test func snapshotIsOfOneMomentWhileWritersGoOn() async throws {
        try await withTemporaryDirectory { folder in
            let store = try SQLiteRegistryStore.open(folder.appending("a.sqlite"), at: Sample.time(1))
            try await store.write { try $0.prepare("echo") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Each transaction adds two versions: a snapshot with an odd number would be torn.
                group.addTask {
                    for patch in 0..<60 {
                        try await store.write { (session) throws in
                            try session.insertVersion(Sample.published("echo", "1.0.\(patch)"))
                            try session.insertVersion(Sample.published("echo", "2.0.\(patch)"))
                        }
                    }
                }
                for number in 0..<5 {
                    let path = folder.appending("copy\(number).sqlite")
                    try await store.snapshot(to: path)
                    let copy = try SQLiteRegistryStore.open(path, at: Sample.time(2))
                    try await copy.check()
                    #expect(try await copy.read { try $0.versions(of: Sample.name("echo")) }.count % 2 == 0)
                    try await copy.close()
                }
                try await group.waitForAll()
            }
            await #expect(throws: RegistryStorageError.self) {
                try await store.snapshot(to: folder.appending("copy0.sqlite"))
            }
            try await store.close()
        }
    }
}
