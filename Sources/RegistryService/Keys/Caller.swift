// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import RegistryStorage
package import WorkerModel

/// Who asks, as their key tells.
package struct Caller: Sendable {
    package let key: APIKey

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
