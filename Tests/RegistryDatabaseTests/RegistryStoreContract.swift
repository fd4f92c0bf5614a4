// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Testing
import WorkerModel

/// What every `RegistryStore` does, as claims that are run against a new, empty one.
struct RegistryStoreContract: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let hold: @Sendable (any RegistryStore) async throws -> Void

    static func claim(
        _ claim: String,
        _ hold: @escaping @Sendable (any RegistryStore) async throws -> Void
    ) -> RegistryStoreContract {
        RegistryStoreContract(testDescription: claim, hold: hold)
    }

    static let claims =
        transactions + workers + versions + indexes + channels + accounts + records + life + listings
        + repositories
}

/// An error of a caller's own.
struct ChangedMyMind: Error {}

extension RegistryStoreContract {
    static let transactions = [
        claim("what is not there is nil or empty") { (store) async throws in
            try await store.read { (session) throws in
                let name = try Sample.name("nothing")
                let version = try Sample.version("1.0.0")
                #expect(try session.worker(name) == nil)
                #expect(try session.owners(of: name).isEmpty)
                #expect(try session.version(version, of: name) == nil)
                #expect(try session.answers(version, of: name) == nil)
                #expect(try session.versions(of: name).isEmpty)
                #expect(try session.index(of: name) == nil)
                #expect(try session.channels(of: name).isEmpty)
                #expect(try session.channel(.latest, of: name) == nil)
                #expect(try session.account(Sample.account()) == nil)
                #expect(try session.accounts().isEmpty)
                #expect(try session.key(hash: Digest.sha256([])) == nil)
                #expect(try session.keys(of: Sample.account()).isEmpty)
                #expect(try session.events(of: nil, before: nil, limit: 10).isEmpty)
                #expect(try session.downloads(of: name, since: nil) == 0)
                #expect(try session.downloads(of: name, since: Day(number: 0)) == 0)
                #expect(try session.referenced(among: [Digest.sha256([])]).isEmpty)
                #expect(try session.referenced(among: []).isEmpty)
            }
        },
        claim("a write that throws keeps nothing, and its error passes through") { (store) async throws in
            await #expect(throws: ChangedMyMind.self) {
                try await store.write { (session) throws in
                    try session.prepare("echo")
                    try session.insertVersion(Sample.published("echo", "1.0.0"))
                    throw ChangedMyMind()
                }
            }
            #expect(try await store.read { try $0.worker(Sample.name("echo")) } == nil)
            #expect(try await store.read { try $0.accounts() }.isEmpty)
        },
        claim("a read that throws passes its error through") { (store) async throws in
            await #expect(throws: ChangedMyMind.self) { try await store.read { _ in throw ChangedMyMind() } }
        },
        claim("after a call that failed, the session goes on and keeps the rest") { (store) async throws in
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertVersion(Sample.published("echo", "1.0.0", publication: #"{"first":true}"#))
                #expect(throws: RegistryStorageError.self) {
                    try session.insertVersion(Sample.published("echo", "1.0.0", dependencies: ["a": "*"]))
                }
                #expect(throws: RegistryStorageError.self) {
                    try session.insertVersion(Sample.published("nobody", "1.0.0"))
                }
                try session.insertVersion(Sample.published("echo", "1.0.1"))
            }
            try await store.read { (session) throws in
                #expect(try session.versions(of: Sample.name("echo")).count == 2)
                let kept = try #require(try session.version(Sample.version("1.0.0"), of: Sample.name("echo")))
                #expect(kept.publication == #"{"first":true}"#)
                #expect(kept.dependencies.isEmpty)
            }
        },
        claim("a session sees its own changes") { (store) async throws in
            try await store.write { (session) throws in
                try session.prepare("echo")
                #expect(try session.worker(Sample.name("echo")) != nil)
                #expect(try session.index(of: Sample.name("echo"))?.entries.isEmpty == true)
                try session.insertVersion(Sample.published("echo", "1.0.0"))
                #expect(try session.index(of: Sample.name("echo"))?.entries.count == 1)
            }
        },
        claim("indexes that were seen in a write that was undone are not seen again") { (store) async throws in
            try await store.write { try $0.prepare("echo") }
            await #expect(throws: ChangedMyMind.self) {
                try await store.write { (session) throws in
                    try session.insertVersion(Sample.published("echo", "1.0.0"))
                    #expect(try session.index(of: Sample.name("echo"))?.entries.count == 1)
                    throw ChangedMyMind()
                }
            }
            #expect(try await store.read { try $0.index(of: Sample.name("echo")) }?.entries.isEmpty == true)
            try await store.write { try $0.insertVersion(Sample.published("echo", "2.0.0")) }
            let versions = try await store.read { try $0.index(of: Sample.name("echo")) }?.entries.map(\.version)
            #expect(versions == [try Sample.version("2.0.0")])
        },
        claim("writers at the same time lose nothing") { (store) async throws in
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertVersion(Sample.published("echo", "1.0.0"))
            }
            await withThrowingTaskGroup { group in
                for number in 0..<200 {
                    group.addTask {
                        try await store.write { (session) throws in
                            try session.countDownload(
                                DownloadCount(
                                    worker: Sample.name("echo"),
                                    version: Sample.version("1.0.0"),
                                    day: Day(number: 1),
                                    isCI: false
                                )
                            )
                            if number % 10 == 0 { throw ChangedMyMind() }
                        }
                    }
                }
                while let result = await group.nextResult() {
                    if case .failure(let error) = result { #expect(error is ChangedMyMind) }
                }
            }
            // A tenth changed its mind, and is not counted.
            #expect(try await store.read { try $0.downloads(of: Sample.name("echo"), since: nil) } == 180)
        },
        claim("of writers that publish one version, exactly one wins") { (store) async throws in
            try await store.write { try $0.prepare("echo") }
            let wins = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<32 {
                    group.addTask {
                        do {
                            try await store.write { (session) throws in
                                try session.insertVersion(
                                    Sample.published("echo", "1.0.0", publication: #"{"number":\#(number)}"#)
                                )
                            }
                            return true
                        } catch {
                            if case RegistryStorageError.versionExists = error { return false }
                            Issue.record(error)
                            return false
                        }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(wins == 1)
            #expect(try await store.read { try $0.versions(of: Sample.name("echo")) }.count == 1)
        },
        claim("a closed store says so, also when it is closed twice") { (store) async throws in
            try await store.write { try $0.prepare() }
            try await store.close()
            try await store.close()
            await #expect(throws: RegistryStorageError.self) { try await store.read { try $0.accounts() } }
            await #expect(throws: RegistryStorageError.self) { try await store.write { try $0.prepare() } }
        },
    ]

    static let workers = [
        claim("a worker is read as it was written") { (store) async throws in
            try await store.write { try $0.insertWorker(Sample.worker("echo", at: 1234)) }
            let worker = try await store.read { try $0.worker(Sample.name("echo")) }
            #expect(worker?.createdAt == Sample.time(1234))
            #expect(worker?.skeleton == "echo")
        },
        claim("a name is taken once") { (store) async throws in
            try await store.write { try $0.insertWorker(Sample.worker("echo")) }
            await #expect {
                try await store.write { try $0.insertWorker(Sample.worker("echo")) }
            } throws: { error in
                if case RegistryStorageError.workerExists = error { true } else { false }
            }
        },
        claim("names compare byte for byte, skeletons find those that look alike") { (store) async throws in
            try await store.write { (session) throws in
                for text in ["echo", "Echo", "ECHO", "echo_", "list", "llst"] {
                    try session.insertWorker(Sample.worker(text))
                }
            }
            try await store.read { (session) throws in
                #expect(try session.worker(Sample.name("eCHO")) == nil)
                #expect(try session.workers(withSkeleton: "echo").map(\.description) == ["ECHO", "Echo", "echo"])
                #expect(try session.workers(withSkeleton: "Echo").isEmpty)
                #expect(try session.workers(withSkeleton: "iist").map(\.description) == ["list", "llst"])
            }
        },
        claim("owners are accounts, each once") { (store) async throws in
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertAccount(Account(name: Sample.account("aaa"), createdAt: Sample.time(1)))
                try session.addOwner(Sample.account(), of: Sample.name("echo"), at: Sample.time(5))
                try session.addOwner(Sample.account(), of: Sample.name("echo"), at: Sample.time(6))
                try session.addOwner(Sample.account("aaa"), of: Sample.name("echo"), at: Sample.time(7))
                #expect(throws: RegistryStorageError.self) {
                    try session.addOwner(Sample.account("nobody"), of: Sample.name("echo"), at: Sample.time(8))
                }
                #expect(throws: RegistryStorageError.self) {
                    try session.addOwner(Sample.account(), of: Sample.name("nothing"), at: Sample.time(8))
                }
            }
            let owners = try await store.read { try $0.owners(of: Sample.name("echo")) }
            #expect(owners.map(\.description) == ["aaa", "acme"])
        },
        claim("the revision of a worker goes up with every change to it, and only then") { (store) async throws in
            try await store.write { (session) throws in
                try session.prepare("echo", "other")
                try session.insertVersion(Sample.published("echo", "1.0.0"))
                try session.insertVersion(Sample.published("echo", "1.1.0"))
            }
            let name = try Sample.name("echo")
            let changes: [@Sendable (any RegistrySession) throws -> Void] = [
                { try $0.insertVersion(Sample.published("echo", "1.2.0")) },
                { try $0.setChannel(.latest, of: name, to: Sample.version("1.0.0"), at: Sample.time(3)) },
                { try $0.setYank(Yank(reason: "", at: Sample.time(3)), of: Sample.version("1.0.0"), of: name) },
                { try $0.addOwner(Sample.account(), of: name, at: Sample.time(3)) },
                {
                    try $0.replaceAnswers(
                        ReadyAnswers(format: 2, resolveNode: "", download: "", detail: ""),
                        of: Sample.version("1.0.0"),
                        of: name
                    )
                },
            ]
            var revision = try await store.read { try $0.worker(name) }?.revision ?? 0
            for change in changes {
                try await store.write(change)
                let next = try await store.read { try $0.worker(name) }?.revision ?? 0
                #expect(next > revision)
                revision = next
            }
            try await store.write { (session) throws in
                try session.setChannel(.latest, of: name, to: Sample.version("1.0.0"), at: Sample.time(9))
                try session.insertVersion(Sample.published("other", "1.0.0"))
            }
            #expect(try await store.read { try $0.worker(name) }?.revision == revision)
        },
    ]
}
