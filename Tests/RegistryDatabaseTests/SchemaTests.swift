// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import GRDB
import RegistryStorage
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import RegistryDatabase

/// Schemas are only ever added: each upgrades from the one before, and what was released stays as it was.
struct SchemaTests {
    private static let now = Sample.time(1000)

    /// The definitions of all tables and indexes, as SQLite keeps them.
    private func schema(of store: SQLiteRegistryStore) throws -> String {
        try store.pool.read { database in
            try String.fetchAll(
                database,
                sql:
                    "SELECT sql || ';' FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name"
            ).joined(separator: "\n") + "\n"
        }
    }

    @Test func numbersAreConsecutive() {
        #expect(SchemaMigration.all.map(\.number) == Array(1...SchemaMigration.newest))
    }

    /// A released step must not be edited: databases that took it before would differ from those that take it now.
    @Test(arguments: 1...SchemaMigration.newest) func stepIsAsItWasReleased(_ number: Int) throws {
        let text = SchemaMigration.all[number - 1].statements(.sqlite).joined(separator: ";\n") + ";\n"
        Golden.expect(text, matches: "schema-\(number).sql")
    }

    @Test(arguments: 0..<SchemaMigration.newest) func schemaUpgradesFromTheOneBefore(_ number: Int) async throws {
        try await withTemporaryDirectory { folder in
            let steps = Array(SchemaMigration.all.prefix(number))
            let old = try SQLiteRegistryStore.open(folder.appending("old.db"), at: Self.now, migrations: steps)
            if number > 0 { try await old.write { try $0.prepare("echo") } }
            try await old.close()
            let upgraded = try SQLiteRegistryStore.open(folder.appending("old.db"), at: Self.now)
            let fresh = try SQLiteRegistryStore.open(folder.appending("new.db"), at: Self.now)
            #expect(try schema(of: upgraded) == schema(of: fresh))
            if number > 0 { #expect(try await upgraded.read { try $0.worker(Sample.name("echo")) } != nil) }
            try await upgraded.close()
            try await fresh.close()
        }
    }

    @Test func stepThatFailsLeavesTheSchemaBefore() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("registry.db")
            let first = try SQLiteRegistryStore.open(path, at: Self.now)
            try await first.write { try $0.prepare("echo") }
            try await first.close()
            let broken =
                SchemaMigration.all + [
                    SchemaMigration(number: SchemaMigration.newest + 1) { _ in
                        ["CREATE TABLE half (a INTEGER)", "NONSENSE"]
                    }
                ]
            #expect(throws: RegistryStorageError.self) {
                try SQLiteRegistryStore.open(path, at: Self.now, migrations: broken)
            }
            let again = try SQLiteRegistryStore.open(path, at: Self.now)
            #expect(try !schema(of: again).contains("half"))
            #expect(try await again.read { try $0.worker(Sample.name("echo")) } != nil)
            try await again.close()
        }
    }

    /// No question that grows with the registry goes through a whole table.
    @Test func questionsAreAnsweredThroughIndexes() async throws {
        try await withTemporaryDirectory { folder in
            let store = try SQLiteRegistryStore.open(folder.appending("registry.db"), at: Self.now)
            let plans = try await store.pool.read { database in
                let connection = PlanCollector(connection: GRDBConnection(database: database))
                let session = SQLRegistrySession(connection: connection)
                let (name, version) = (try Sample.name("echo"), try Sample.version("1.0.0"))
                _ = try session.worker(name)
                _ = try session.workers(withSkeleton: "echo")
                _ = try session.owners(of: name)
                _ = try session.version(version, of: name)
                _ = try session.answers(version, of: name)
                _ = try session.channel(.latest, of: name)
                _ = try session.key(hash: Digest.sha256([]))
                _ = try session.keys(of: Sample.account())
                _ = try session.events(of: name, before: nil, limit: 5)
                _ = try session.events(of: nil, before: nil, limit: 5)
                _ = try session.downloads(of: name, since: Day(number: 1))
                _ = try session.referenced(among: [Digest.sha256([])])
                _ = try session.uploadedSize(of: Digest.sha256([]))
                _ = try session.unreferencedUploads(of: Sample.account(), since: Self.now)
                _ = try session.contains(version, of: name)
                _ = try session.yank(of: version, of: name)
                _ = try session.deprecations(of: name)
                _ = try session.removal(of: version, of: name)
                _ = try session.skills(of: version, of: name)
                _ = try session.dependents(of: name, after: nil, limit: 5)
                _ = try session.demands(on: name)
                _ = try session.downloadCounts(of: name, since: Day(number: 1))
                _ = try session.downloads(of: version, of: name)
                _ = try session.workers(near: "echo", downloads: 1)
                for order in [ListingQuery.Order.relevance, .downloads, .recent] {
                    for words in [[], ["echo", "ab"]] {
                        _ = try session.listings(ListingQuery(words: words, order: order))
                        _ = try session.listings(
                            ListingQuery(
                                words: words,
                                kind: .bundle,
                                tag: "a",
                                order: order,
                                after: ListingPlace(major: 2, minor: 2)
                            )
                        )
                    }
                }
                return connection.plans.values
            }
            #expect(plans.count >= 12)
            for plan in plans { #expect(!plan.contains("SCAN") || plan.contains("LIMIT"), "\(plan)") }
            try await store.close()
        }
    }
}

/// Asks SQLite how it would answer each question.
private struct PlanCollector: SQLConnection {
    final class Plans { var values: [String] = [] }

    let connection: GRDBConnection
    let plans = Plans()

    func execute(_ sql: String, _ parameters: [SQLValue]) throws(RegistryStorageError) -> Int {
        try connection.execute(sql, parameters)
    }

    func query(_ sql: String, _ parameters: [SQLValue]) throws(RegistryStorageError) -> [SQLRow] {
        for row in try connection.query("EXPLAIN QUERY PLAN " + sql, parameters) {
            plans.values.append("\(try row.text(3)) for \(sql)")
        }
        return try connection.query(sql, parameters)
    }
}
