// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import JSONText
package import RegistryStorage
import Synchronization
import WorkerModel

/// Keys and the accounts that hold them: making them, and telling who holds one.
package final class Keys: Sendable {
    /// What a key is good for when nothing is said: everything that an owner of workers does.
    package static let standardScopes: Set<KeyScope> = [.publish, .yank, .tags, .owners]
    /// The account of the key that is made with a new registry.
    package static let administrator = "admin"
    /// The most keys that an account can make for itself.
    package static let maximumPerAccount = 200
    /// Notes of a key's last use may lag by this much: a note costs a transaction.
    private static let useNoteLag = Duration.seconds(3600)

    let store: any RegistryStore
    let surroundings: Surroundings
    private let wrongKeys = Mutex(WrongKeyLimit())
    private let rate: RequestRate

    /// `requestsPerMinute` is for each account; 0 sets no limit.
    package init(store: any RegistryStore, surroundings: Surroundings, requestsPerMinute: Int = 0) {
        self.store = store
        self.surroundings = surroundings
        rate = RequestRate(perMinute: requestsPerMinute)
    }

    /// Tells who holds a key; `address` is where the request comes from, in any form that tells addresses apart.
    ///
    /// - Throws: `RegistryServiceError`: no key, a wrong one, one that expired, one of a suspended account, too many
    ///   wrong ones from this address, or too many requests of the account.
    package func caller(_ presented: Redacted<String>?, from address: String) async throws -> Caller {
        guard let presented else { throw RegistryServiceError.keyMissing }
        let (now, elapsed) = (surroundings.now(), surroundings.elapsed())
        guard let (key, account) = try await find(presented) else {
            if let wait = wrongKeys.withLock({ $0.fail(address, at: elapsed) }) {
                throw RegistryServiceError.tooManyWrongKeys(retryAfter: wait)
            }
            throw RegistryServiceError.keyUnknown
        }
        let caller = try Caller(key, of: account, at: now)
        try rate.count(account.name.description, at: elapsed)
        try await noteUse(of: key, at: now)
        return caller
    }

    /// Tells whose key has a hash, for what was made for the holder of it.
    ///
    /// - Throws: as `caller`, for a key that is gone, has expired, or whose account is suspended or asks too much.
    func caller(holding hash: Digest) async throws -> Caller {
        let found = try await store.read { session in
            try session.key(hash: hash).flatMap { key in try session.account(key.account).map { (key, $0) } }
        }
        guard let (key, account) = found else { throw RegistryServiceError.keyUnknown }
        let caller = try Caller(key, of: account, at: surroundings.now())
        try rate.count(account.name.description, at: surroundings.elapsed())
        return caller
    }

    /// Makes a key, and the account where it does not exist yet.
    ///
    /// - Returns: the key, which nobody can ask for again.
    package func create(
        for account: AccountName,
        label: String = "",
        scopes: Set<KeyScope> = Keys.standardScopes,
        patterns: [NamePattern] = [],
        expiresAt: Timestamp? = nil
    ) async throws -> KeyText {
        let (text, now) = (KeyText(bytes: surroundings.randomBytes(32)), surroundings.now())
        let key = APIKey(
            hash: text.hash,
            account: account,
            label: label,
            scopes: scopes,
            patterns: patterns,
            createdAt: now,
            expiresAt: expiresAt
        )
        try await store.write { session in try Self.insert(key, by: nil, at: now, in: session) }
        return text
    }

    /// Makes the key of the administrator, where the registry has no account at all.
    ///
    /// - Returns: nil for a registry that has accounts.
    package func createFirst() async throws -> KeyText? {
        let (text, now) = (KeyText(bytes: surroundings.randomBytes(32)), surroundings.now())
        let key = APIKey(
            hash: text.hash,
            account: try AccountName(parsing: Self.administrator),
            label: "first start",
            scopes: [.admin],
            createdAt: now
        )
        let isNew = try await store.write { session in
            guard try session.accounts().isEmpty else { return false }
            try Self.insert(key, by: nil, at: now, in: session)
            return true
        }
        return isNew ? text : nil
    }

    /// Makes a key of any account good for nothing, for the operator of the registry.
    ///
    /// - Returns: the key as it was.
    /// - Throws: `RegistryServiceError.keyNotFound`.
    package func revoke(_ id: String) async throws -> APIKey {
        let now = surroundings.now()
        return try await store.write { session in
            for account in try session.accounts() {
                guard let key = try session.keys(of: account.name).first(where: { $0.id == id }) else { continue }
                try Self.delete(key, by: nil, at: now, in: session)
                return key
            }
            throw RegistryServiceError.keyNotFound(id)
        }
    }

    /// `account` is who does it; nil for the registry itself and its operator.
    static func insert(
        _ key: APIKey,
        by account: AccountName?,
        at now: Timestamp,
        in session: any RegistrySession
    ) throws {
        if try session.account(key.account) == nil {
            try session.insertAccount(Account(name: key.account, createdAt: now))
            try session.appendEvent(RegistryEvent(.accountCreated, at: now, account: key.account))
        }
        try session.insertKey(key)
        try session.appendEvent(event(.keyCreated, key, by: account, at: now))
    }

    static func delete(
        _ key: APIKey,
        by account: AccountName?,
        at now: Timestamp,
        in session: any RegistrySession
    ) throws {
        if try session.deleteKey(hash: key.hash) {
            try session.appendEvent(event(.keyRevoked, key, by: account, at: now))
        }
    }

    private static func event(
        _ kind: RegistryEvent.Kind,
        _ key: APIKey,
        by account: AccountName?,
        at now: Timestamp
    ) -> RegistryEvent {
        let details: JSONObject = [
            "key": .string(key.id), "account": .string(key.account.description), "label": .string(key.label),
        ]
        return RegistryEvent(kind, at: now, account: account, details: JSONValue.object(details).text())
    }

    private func find(_ presented: Redacted<String>) async throws -> (APIKey, Account)? {
        guard let hash = KeyText(parsing: presented.exposed)?.hash else { return nil }
        return try await store.read { session in
            guard let key = try session.key(hash: hash), key.hash.equalsInConstantTime(hash),
                let account = try session.account(key.account)
            else { return nil }
            return (key, account)
        }
    }

    private func noteUse(of key: APIKey, at now: Timestamp) async throws {
        if let last = key.lastUsedAt, now < last.adding(Self.useNoteLag) { return }
        try await store.write { session in try session.touchKey(hash: key.hash, at: now) }
    }
}
