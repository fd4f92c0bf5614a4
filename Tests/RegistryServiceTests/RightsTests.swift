// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import RegistryAPI
import RegistryService
import RegistryStorage
import Testing
import WorkerModel

/// Who may do what: scopes, patterns of names, owners, and keys that make keys.
struct RightsTests {
    /// What came of something that a caller tried.
    private func outcome(_ body: () async throws -> some Any) async -> String {
        do {
            _ = try await body()
            return "done"
        } catch let error as RegistryServiceError {
            switch error {
            case .scopeMissing(let scope): return "no scope \(scope)"
            case .nameNotCovered: return "no such names"
            case .notOwner: return "no owner"
            case .workerNotFound: return "no worker"
            case .accountNotFound: return "no account"
            case .accountSuspended: return "suspended"
            case .lastOwner: return "last owner"
            case .keyTooGood: return "too good"
            case .keyNotFound: return "no key"
            case .keyUnknown: return "unknown"
            case .tooManyKeys: return "too many"
            case .invalidRequest(let problems): return problems.map(\.path).joined(separator: " ")
            default: return "\(error)"
            }
        } catch { return "\(error)" }
    }

    private func caller(
        _ registry: ServiceFixture,
        _ account: String = "acme",
        _ scopes: Set<KeyScope> = Keys.standardScopes,
        names: [String] = [],
        expiresAt: Timestamp? = nil
    ) async throws -> Caller {
        let key = try await registry.service.keys.create(
            for: try AccountName(parsing: account),
            scopes: scopes,
            patterns: try names.map { try NamePattern(parsing: $0) },
            expiresAt: expiresAt
        )
        return try await registry.service.keys.caller(key.text, from: "x")
    }

    private func events(_ registry: ServiceFixture, _ kind: RegistryEvent.Kind) async throws -> Int {
        try await registry.store.read { try $0.events(of: nil, before: nil, limit: 1000) }.count {
            $0.event.kind == kind
        }
    }

    // MARK: Publishing

    @Test func keyPublishesOnlyNamesThatItsPatternsMatch() async throws {
        try await ServiceFixture.run { registry in
            let narrow = try await caller(registry, names: ["acme-*", "shell"])
            #expect(await outcome { try await registry.publish(Requests.engine("acme-pdf"), by: narrow) } == "done")
            #expect(await outcome { try await registry.publish(Requests.engine("shell"), by: narrow) } == "done")
            #expect(
                await outcome { try await registry.publish(Requests.engine("acme"), by: narrow) } == "no such names"
            )
            let admin = try await caller(registry, "admin", [.admin], names: ["acme-*"])
            #expect(await outcome { try await registry.publish(Requests.engine("b"), by: admin) } == "no such names")
        }
    }

    @Test func firstPublisherOwnsTheName() async throws {
        try await ServiceFixture.run { registry in
            try await registry.publish(Requests.engine("state"))
            #expect(try await registry.service.owners(of: "state").owners == ["acme"])
            let stranger = try await caller(registry, "mallory")
            let next = Requests.engine("state", "1.0.1")
            #expect(await outcome { try await registry.publish(next, by: stranger) } == "no owner")
            let admin = try await caller(registry, "boss", [.admin])
            #expect(await outcome { try await registry.publish(next, by: admin) } == "done")
            #expect(try await registry.service.owners(of: "state").owners == ["acme"])
        }
    }

    // MARK: Owners

    @Test func ownersAddOwnersAndTheLastOneStays() async throws {
        try await ServiceFixture.run { registry in
            let (acme, bob) = (try await caller(registry), try await caller(registry, "bob"))
            let owners = registry.service.owners
            try await registry.publish(Requests.engine("state"), by: acme)
            #expect(await outcome { try await owners.add("bob", to: "state", by: bob) } == "no owner")
            #expect(try await owners.add("bob", to: "state", by: acme).owners == ["acme", "bob"])
            #expect(try await owners.add("bob", to: "state", by: acme).owners == ["acme", "bob"])
            #expect(await outcome { try await registry.publish(Requests.engine("state", "2.0.0"), by: bob) } == "done")
            #expect(try await owners.remove("acme", from: "state", by: bob).owners == ["bob"])
            #expect(try await owners.remove("nobody", from: "state", by: bob).owners == ["bob"])
            #expect(await outcome { try await owners.remove("bob", from: "state", by: acme) } == "no owner")
            #expect(await outcome { try await owners.remove("bob", from: "state", by: bob) } == "last owner")
            #expect(try await events(registry, .ownerAdded) == 2)
            #expect(try await events(registry, .ownerRemoved) == 1)
        }
    }

    @Test func ownersAreChangedOnlyWithTheRight() async throws {
        try await ServiceFixture.run { registry in
            let owners = registry.service.owners
            try await registry.publish(Requests.engine("state"))
            let publisher = try await caller(registry, "acme", [.publish])
            let narrow = try await caller(registry, "acme", names: ["other-*"])
            let (acme, admin) = (try await caller(registry), try await caller(registry, "boss", [.admin]))
            #expect(await outcome { try await owners.add("boss", to: "state", by: publisher) } == "no scope owners")
            #expect(await outcome { try await owners.add("boss", to: "state", by: narrow) } == "no such names")
            #expect(await outcome { try await owners.add("ghost", to: "state", by: acme) } == "no account")
            #expect(await outcome { try await owners.add("No Account", to: "state", by: acme) } == "no account")
            #expect(await outcome { try await owners.add("boss", to: "ghost", by: acme) } == "no worker")
            #expect(await outcome { try await owners(of: "ghost") } == "no worker")
            #expect(try await owners.add("boss", to: "state", by: admin).owners == ["acme", "boss"])
        }
    }

    @Test func ofTwoOwnersWhoLeaveAtOnceOneStays() async throws {
        try await ServiceFixture.run { registry in
            let (acme, bob) = (try await caller(registry), try await caller(registry, "bob"))
            try await registry.publish(Requests.engine("state"), by: acme)
            _ = try await registry.service.owners.add("bob", to: "state", by: acme)
            async let first = outcome { try await registry.service.owners.remove("acme", from: "state", by: acme) }
            async let second = outcome { try await registry.service.owners.remove("bob", from: "state", by: bob) }
            #expect(await Set([first, second]) == ["done", "last owner"])
            #expect(try await registry.service.owners(of: "state").owners.count == 1)
        }
    }

    // MARK: Keys that make keys

    struct Wish: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let request: NewKeyRequest
        let outcome: String
    }

    @Test(arguments: [
        Wish(testDescription: "the same", request: NewKeyRequest(), outcome: "done"),
        Wish(
            testDescription: "less",
            request: NewKeyRequest(scopes: ["publish"], names: ["acme-pdf-*"]),
            outcome: "done"
        ),
        Wish(
            testDescription: "a scope more",
            request: NewKeyRequest(scopes: ["publish", "yank"]),
            outcome: "too good"
        ),
        Wish(testDescription: "everything", request: NewKeyRequest(scopes: ["admin"]), outcome: "too good"),
        Wish(testDescription: "all names", request: NewKeyRequest(names: []), outcome: "too good"),
        Wish(testDescription: "more names", request: NewKeyRequest(names: ["acme-*", "b"]), outcome: "too good"),
        Wish(testDescription: "longer", request: NewKeyRequest(expiresAt: "2036-01-01"), outcome: "too good"),
        Wish(testDescription: "no scope", request: NewKeyRequest(scopes: []), outcome: "$.scopes"),
        Wish(
            testDescription: "much that is wrong",
            request: NewKeyRequest(
                label: "a\u{7}",
                scopes: ["publish", "fly"],
                names: ["acme-*", "A"],
                expiresAt: "2026-02-30"
            ),
            outcome: "$.label $.scopes[1] $.names[1] $.expires_at"
        ),
        Wish(testDescription: "ended", request: NewKeyRequest(expiresAt: "2020-01-01"), outcome: "$.expires_at"),
    ])
    func keyMakesKeysThatAreGoodForNoMore(_ wish: Wish) async throws {
        try await ServiceFixture.run { registry in
            let end = registry.clock.now.adding(.seconds(86_400))
            let maker = try await caller(registry, "acme", [.publish, .owners], names: ["acme-*"], expiresAt: end)
            #expect(await outcome { try await registry.service.keys.create(wish.request, by: maker) } == wish.outcome)
            #expect(try await registry.service.keys.list(of: maker.account).count == (wish.outcome == "done" ? 2 : 1))
        }
    }

    @Test func whatIsLeftOutIsTakenFromTheMaker() async throws {
        try await ServiceFixture.run { registry in
            let end = registry.clock.now.adding(.seconds(86_400))
            let maker = try await caller(registry, "acme", [.tags, .owners], names: ["acme-*"], expiresAt: end)
            let (text, key) = try await registry.service.keys.create(NewKeyRequest(label: "ci"), by: maker)
            #expect(key.scopes == [.tags, .owners] && key.patterns == maker.key.patterns && key.expiresAt == end)
            #expect(try await registry.service.keys.caller(text.text, from: "x").key.label == "ci")
            let admin = try await caller(registry, "boss", [.admin])
            let made = try await registry.service.keys.create(NewKeyRequest(), by: admin).key
            #expect(made.scopes == Keys.standardScopes && made.expiresAt == nil)
        }
    }

    @Test func keysAreRevokedByThoseThatAreGoodForAsMuch() async throws {
        try await ServiceFixture.run { registry in
            let keys = registry.service.keys
            let (strong, weak) = (try await caller(registry), try await caller(registry, "acme", [.publish]))
            let narrow = try await caller(registry, "acme", names: ["a*"])
            let stranger = try await caller(registry, "mallory", [.admin])
            #expect(await outcome { try await keys.revoke(strong.key.id, by: weak) } == "no scope owners")
            #expect(await outcome { try await keys.revoke(strong.key.id, by: narrow) } == "too good")
            #expect(await outcome { try await keys.revoke(strong.key.id, by: stranger) } == "no key")
            #expect(await outcome { try await keys.revoke("nonsense", by: strong) } == "no key")
            #expect(await outcome { try await keys.revoke(weak.key.id, by: weak) } == "done")
            #expect(await outcome { try await keys.revoke(weak.key.id, by: strong) } == "no key")
            #expect(await outcome { try await keys.revoke(narrow.key.id, by: strong) } == "done")
            #expect(try await keys.list(of: strong.account).map(\.id) == [strong.key.id])
            #expect(try await events(registry, .keyRevoked) == 2)
        }
    }

    @Test func revokedKeyIsUnknownAtOnce() async throws {
        try await ServiceFixture.run { registry in
            let keys = registry.service.keys
            let text = try await keys.create(for: try AccountName(parsing: "acme"))
            let id = try await keys.caller(text.text, from: "x").key.id
            #expect(try await keys.revoke(id).account.description == "acme")
            #expect(await outcome { try await keys.caller(text.text, from: "x") } == "unknown")
            #expect(await outcome { try await keys.revoke(id) } == "no key")
        }
    }

    @Test func accountMakesAFiniteNumberOfKeys() async throws {
        try await ServiceFixture.run { registry in
            let maker = try await caller(registry)
            for _ in 1..<Keys.maximumPerAccount {
                _ = try await registry.service.keys.create(NewKeyRequest(), by: maker)
            }
            #expect(await outcome { try await registry.service.keys.create(NewKeyRequest(), by: maker) } == "too many")
        }
    }

    // MARK: Accounts

    @Test func keysOfASuspendedAccountAreRefusedUntilItIsResumed() async throws {
        try await ServiceFixture.run { registry in
            let accounts = Accounts(
                store: registry.store,
                surroundings: Surroundings(now: { registry.clock.now })
            )
            let name = try AccountName(parsing: "acme")
            try await accounts.create(name)
            await #expect(throws: RegistryStorageError.self) { try await accounts.create(name) }
            let keys = registry.service.keys
            let text = try await keys.create(for: name).text
            #expect(try await accounts.list().map(\.goodKeys) == [1])
            try await accounts.setSuspended(true, name)
            try await accounts.setSuspended(true, name)
            #expect(await outcome { try await keys.caller(text, from: "x") } == "suspended")
            #expect(try await accounts.list().map(\.goodKeys) == [0])
            try await accounts.setSuspended(false, name)
            #expect(await outcome { try await keys.caller(text, from: "x") } == "done")
            #expect(try await events(registry, .accountSuspended) == 1)
            await #expect(throws: RegistryStorageError.self) {
                try await accounts.setSuspended(true, try AccountName(parsing: "ghost"))
            }
        }
    }
}
