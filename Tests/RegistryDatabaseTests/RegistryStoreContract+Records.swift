// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Testing
import WorkerModel

extension RegistryStoreContract {
    private static func key(_ number: UInt8, expires: Int64? = nil, used: Int64? = nil) throws -> APIKey {
        APIKey(
            hash: Digest.sha256([number]),
            account: try Sample.account(),
            label: "key \(number) of 'CI'",
            scopes: number == 1 ? [.publish, .yank] : [.admin],
            createdAt: Sample.time(Int64(number)),
            expiresAt: expires.map(Sample.time),
            lastUsedAt: used.map(Sample.time)
        )
    }

    static let accounts = [
        claim("accounts are listed by name, each name once") { (store) async throws in
            try await store.write { (session) throws in
                for name in ["b", "a"] {
                    try session.insertAccount(Account(name: Sample.account(name), createdAt: Sample.time(7)))
                }
                #expect(throws: RegistryStorageError.self) {
                    try session.insertAccount(Account(name: Sample.account("a"), createdAt: Sample.time(8)))
                }
            }
            let accounts = try await store.read { try $0.accounts() }
            #expect(accounts.map(\.name.description) == ["a", "b"])
            #expect(try await store.read { try $0.account(Sample.account("a")) }?.createdAt == Sample.time(7))
        },
        claim("a key is found by its hash, as it was written") { (store) async throws in
            let keys = [try key(1, expires: 500), try key(2, used: 3), try key(3)]
            try await store.write { (session) throws in
                try session.prepare()
                for key in keys.reversed() { try session.insertKey(key) }
            }
            try await store.read { (session) throws in
                for key in keys { #expect(try session.key(hash: key.hash) == key) }
                #expect(try session.keys(of: Sample.account()) == keys)
                #expect(try session.key(hash: Digest.sha256([9])) == nil)
            }
        },
        claim("a key is inserted once, for an account that exists") { (store) async throws in
            try await store.write { (session) throws in
                try session.prepare()
                try session.insertKey(key(1))
                #expect(throws: RegistryStorageError.self) { try session.insertKey(key(1)) }
                let stray = APIKey(
                    hash: Digest.sha256([5]),
                    account: try Sample.account("nobody"),
                    label: "",
                    scopes: [],
                    createdAt: Sample.time(1)
                )
                #expect(throws: RegistryStorageError.self) { try session.insertKey(stray) }
                #expect(try session.key(hash: stray.hash) == nil)
            }
        },
        claim("digests of hosted bytes are listed in order, page by page") { (store) async throws in
            let digests = (UInt8(0)..<5).map { Digest.sha256([$0]) }.sorted()
            try await store.write { (session) throws in
                try session.prepare("echo")
                for (index, digest) in digests.enumerated() {
                    // The second version needs the same bytes, the third has them elsewhere.
                    let here = PublishedArtifacts.bundle(ArtifactLocation(url: nil, digest: digest))
                    try session.insertVersion(Sample.published("echo", "1.0.\(index)", artifacts: here))
                    try session.insertVersion(Sample.published("echo", "2.0.\(index)", artifacts: here))
                    let away = ArtifactLocation(url: "https://cdn.test/a", digest: Digest.sha256([100 + UInt8(index)]))
                    try session.insertVersion(Sample.published("echo", "3.0.\(index)", artifacts: .bundle(away)))
                }
            }
            try await store.read { (session) throws in
                #expect(try session.hostedDigests(after: nil, limit: 10) == digests)
                #expect(try session.hostedDigests(after: nil, limit: 2) == Array(digests[..<2]))
                #expect(try session.hostedDigests(after: digests[1], limit: 10) == Array(digests[2...]))
                #expect(try session.hostedDigests(after: digests[4], limit: 10).isEmpty)
            }
        },
        claim("a key keeps its patterns") { (store) async throws in
            let key = APIKey(
                hash: Digest.sha256([7]),
                account: try Sample.account(),
                label: "",
                scopes: [.publish],
                patterns: [try NamePattern(parsing: "acme-*"), try NamePattern(parsing: "shell")],
                createdAt: Sample.time(1)
            )
            try await store.write { (session) throws in
                try session.prepare()
                try session.insertKey(key)
            }
            #expect(try await store.read { try $0.key(hash: key.hash) } == key)
        },
        claim("an account is suspended and resumed") { (store) async throws in
            let name = try Sample.account()
            try await store.write { try $0.prepare() }
            try await store.write { try $0.setSuspension(Sample.time(9), of: name) }
            #expect(try await store.read { try $0.account(name) }?.suspendedAt == Sample.time(9))
            #expect(try await store.read { try $0.accounts() }.map(\.suspendedAt) == [Sample.time(9)])
            try await store.write { try $0.setSuspension(nil, of: name) }
            #expect(try await store.read { try $0.account(name) }?.suspendedAt == nil)
            await #expect(throws: RegistryStorageError.self) {
                try await store.write { try $0.setSuspension(nil, of: Sample.account("nobody")) }
            }
        },
        claim("an owner is taken away once, and the worker's revision goes up") { (store) async throws in
            let (name, account) = (try Sample.name("echo"), try Sample.account())
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.addOwner(account, of: name, at: Sample.time(2))
            }
            let before = try #require(try await store.read { try $0.worker(name) }?.revision)
            #expect(try await store.write { try $0.removeOwner(account, of: name) })
            #expect(try await !store.write { try $0.removeOwner(account, of: name) })
            #expect(try await !store.write { try $0.removeOwner(Sample.account("nobody"), of: name) })
            #expect(try await !store.write { try $0.removeOwner(account, of: Sample.name("nothing")) })
            #expect(try await store.read { try $0.owners(of: name) }.isEmpty)
            #expect(try await store.read { try $0.worker(name) }?.revision == before + 1)
        },
        claim("use of a key is noted, and a deleted key is gone") { (store) async throws in
            let hash = try key(1).hash
            try await store.write { (session) throws in
                try session.prepare()
                try session.insertKey(key(1))
                try session.touchKey(hash: hash, at: Sample.time(77))
                try session.touchKey(hash: Digest.sha256([8]), at: Sample.time(77))
            }
            #expect(try await store.read { try $0.key(hash: hash) }?.lastUsedAt == Sample.time(77))
            #expect(try await store.write { try $0.deleteKey(hash: hash) })
            #expect(try await !store.write { try $0.deleteKey(hash: hash) })
            #expect(try await store.read { try $0.key(hash: hash) } == nil)
        },
    ]

    static let records = [
        claim("events are kept in their order, and read last first") { (store) async throws in
            let events = [
                RegistryEvent(.accountCreated, at: Sample.time(5)),
                RegistryEvent(
                    .published,
                    at: Sample.time(4),
                    account: try Sample.account(),
                    worker: try Sample.name("echo"),
                    version: try Sample.version("1.0.0-rc.1"),
                    details: #"{"tag":"latest"}"#
                ),
                RegistryEvent(
                    .init(rawValue: "of_a_later_release"),
                    at: Sample.time(6),
                    worker: try Sample.name("other")
                ),
                RegistryEvent(.yanked, at: Sample.time(7), worker: try Sample.name("echo")),
            ]
            let numbers = try await store.write { session in try events.map { try session.appendEvent($0) } }
            #expect(numbers == numbers.sorted() && Set(numbers).count == 4)
            try await store.read { (session) throws in
                let all = try session.events(of: nil, before: nil, limit: 10)
                #expect(all.map(\.event) == events.reversed())
                #expect(all.map(\.sequence) == numbers.reversed())
                let ofEcho = try session.events(of: Sample.name("echo"), before: nil, limit: 10)
                #expect(ofEcho.map(\.event) == [events[3], events[1]])
                #expect(try session.events(of: nil, before: numbers[2], limit: 1).map(\.event) == [events[1]])
                #expect(try session.events(of: Sample.name("echo"), before: numbers[1], limit: 5).isEmpty)
                #expect(try session.events(of: nil, before: nil, limit: 0).isEmpty)
                #expect(try session.events(of: nil, before: nil, limit: -1).isEmpty)
            }
        },
        claim("the number of an event is not given again after it was undone") { (store) async throws in
            let first = try await store.write { try $0.appendEvent(RegistryEvent(.published, at: Sample.time(1))) }
            _ = try? await store.write { (session) throws in
                _ = try session.appendEvent(RegistryEvent(.published, at: Sample.time(2)))
                throw ChangedMyMind()
            }
            let second = try await store.write { try $0.appendEvent(RegistryEvent(.yanked, at: Sample.time(3))) }
            #expect(second > first)
            #expect(try await store.read { try $0.events(of: nil, before: nil, limit: 9) }.count == 2)
        },
        claim("downloads add up by day, CI apart") { (store) async throws in
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertVersion(Sample.published("echo", "1.0.0"))
                try session.insertVersion(Sample.published("echo", "1.1.0"))
                let counts: [(String, Int, Bool, Int64)] = [
                    ("1.0.0", 10, false, 1), ("1.0.0", 10, false, 2), ("1.1.0", 11, false, 4), ("1.0.0", 12, false, 8),
                    ("1.0.0", 10, true, 100), ("1.1.0", 12, true, 200),
                ]
                for (version, day, isCI, count) in counts {
                    try session.countDownload(
                        DownloadCount(
                            worker: Sample.name("echo"),
                            version: Sample.version(version),
                            day: Day(number: day),
                            isCI: isCI,
                            count: count
                        )
                    )
                }
            }
            try await store.read { (session) throws in
                let name = try Sample.name("echo")
                #expect(try session.downloads(of: name, since: nil) == 15)
                #expect(try session.downloads(of: name, since: Day(number: 11)) == 12)
                #expect(try session.downloads(of: name, since: Day(number: 13)) == 0)
            }
        },
        claim("a download needs its version") { (store) async throws in
            await #expect(throws: RegistryStorageError.self) {
                try await store.write { (session) throws in
                    try session.prepare("echo")
                    try session.countDownload(
                        DownloadCount(
                            worker: Sample.name("echo"),
                            version: Sample.version("1.0.0"),
                            day: Day(number: 1),
                            isCI: false
                        )
                    )
                }
            }
        },
    ]
}
