// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import RegistryStorage
package import WorkerModel

/// Who asks, as their key tells.
package struct Caller: Sendable {
    package let key: APIKey

    /// - Throws: `RegistryServiceError.keyExpired`, `.accountSuspended`.
    init(_ key: APIKey, of account: Account, at now: Timestamp) throws(RegistryServiceError) {
        if let end = key.expiresAt, key.isExpired(at: now) { throw .keyExpired(since: end) }
        if let since = account.suspendedAt { throw .accountSuspended(account.name, since: since) }
        self.key = key
    }

    /// Who asks, as key and account are now: whoever sends a body slowly may have lost both since it began.
    ///
    /// - Throws: `RegistryServiceError.keyUnknown`, `.keyExpired`, `.accountSuspended`.
    func lookedUpAgain(in session: any RegistryReadSession, at now: Timestamp) throws -> Caller {
        guard let key = try session.key(hash: key.hash), let account = try session.account(key.account) else {
            throw RegistryServiceError.keyUnknown
        }
        return try Caller(key, of: account, at: now)
    }

    package var account: AccountName { key.account }

    /// Whether the key is good for everything, on the workers that it is good for.
    package var isAdministrator: Bool { key.scopes.contains(.admin) }

    /// Expects a key that may be used for something.
    ///
    /// - Throws: `RegistryServiceError.scopeMissing`.
    package func expect(_ scope: KeyScope) throws(RegistryServiceError) {
        guard isAdministrator || key.scopes.contains(scope) else { throw .scopeMissing(scope) }
    }

    /// Expects a key that may be used for something on a worker of this name, whether there is one or not.
    ///
    /// - Throws: `RegistryServiceError.scopeMissing`, `.nameNotCovered`.
    package func expect(_ scope: KeyScope, on worker: WorkerName) throws(RegistryServiceError) {
        try expect(scope)
        guard key.isGood(for: worker) else { throw .nameNotCovered(worker) }
    }

    /// Expects a worker that exists, and a key that may be used for something on it: a key of an owner, or of an
    /// administrator.
    ///
    /// Asked inside the transaction that makes the change, it holds for the change.
    ///
    /// - Throws: `RegistryServiceError.workerNotFound`, `.scopeMissing`, `.nameNotCovered`, `.notOwner`.
    package func expect(
        _ scope: KeyScope,
        onOwned worker: WorkerName,
        in session: any RegistryReadSession
    ) throws {
        guard try session.worker(worker) != nil else { throw RegistryServiceError.workerNotFound(worker) }
        try expect(scope, on: worker)
        if isAdministrator { return }
        guard try session.owners(of: worker).contains(account) else { throw RegistryServiceError.notOwner(worker) }
    }
}

extension RegistryStore {
    /// Runs `body` in a transaction in the name of who asks, who is looked up again inside it.
    ///
    /// The one way in which a request with a key changes anything: a key that was revoked, or an account that was
    /// suspended, before the transaction changes nothing in it.
    ///
    /// - Throws: `RegistryServiceError.keyUnknown`, `.keyExpired`, `.accountSuspended`, with nothing kept; what
    ///   `write` throws.
    func write<Value: Sendable>(
        by caller: Caller,
        at now: Timestamp,
        _ body: @escaping @Sendable (Caller, any RegistrySession) throws -> Value
    ) async throws -> Value {
        try await write { session in try body(try caller.lookedUpAgain(in: session, at: now), session) }
    }
}

extension APIKey {
    func isGood(for worker: WorkerName) -> Bool { patterns.isEmpty || patterns.contains { $0.matches(worker) } }

    /// Whether this key is good for everything that the other one is good for, and for as long.
    func covers(_ other: APIKey) -> Bool {
        (scopes.contains(.admin) || scopes.isSuperset(of: other.scopes))
            && (patterns.isEmpty || coversPatterns(of: other))
            && (expiresAt.map { end in other.expiresAt.map { $0 <= end } ?? false } ?? true)
    }

    private func coversPatterns(of other: APIKey) -> Bool {
        !other.patterns.isEmpty && other.patterns.allSatisfy { asked in patterns.contains { $0.covers(asked) } }
    }
}
