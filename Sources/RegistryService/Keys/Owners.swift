// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import RegistryAPI
import RegistryStorage
import WorkerModel

/// Who owns a worker: reading it, and changing it as one of them.
package struct Owners: Sendable {
    let store: any RegistryStore
    let changes: WorkerChanges

    /// The owners of a worker, by name.
    ///
    /// - Throws: `RegistryServiceError.workerNotFound`, `.impossibleName`.
    package func callAsFunction(of name: String) async throws -> OwnerList {
        let name = try VersionChoice.name(name)
        return try await store.read { session in
            guard try session.worker(name) != nil else { throw RegistryServiceError.workerNotFound(name) }
            return try Self.list(name, in: session)
        }
    }

    /// Makes an account an owner; nothing happens when it is one.
    ///
    /// - Returns: the owners that there are then.
    /// - Throws: `RegistryServiceError`: what `Caller.expect` throws, `.accountNotFound`.
    package func add(_ account: String, to name: String, by caller: Caller) async throws -> OwnerList {
        try await change(account, of: name, by: caller) { account, change in
            guard try change.session.account(account) != nil else {
                throw RegistryServiceError.accountNotFound(account.description)
            }
            if try change.session.owners(of: change.worker).contains(account) { return }
            try change.session.addOwner(account, of: change.worker, at: change.now)
            try change.record(.ownerAdded, nil, ["account": .string(account.description)])
        }
    }

    /// Takes an owner away; nothing happens when the account is none.
    ///
    /// - Returns: the owners that there are then.
    /// - Throws: `RegistryServiceError`: what `Caller.expect` throws, `.lastOwner`.
    package func remove(_ account: String, from name: String, by caller: Caller) async throws -> OwnerList {
        try await change(account, of: name, by: caller) { account, change in
            let owners = try change.session.owners(of: change.worker)
            if owners == [account] { throw RegistryServiceError.lastOwner(account, of: change.worker) }
            if try change.session.removeOwner(account, of: change.worker) {
                try change.record(.ownerRemoved, nil, ["account": .string(account.description)])
            }
        }
    }

    private func change(
        _ account: String,
        of name: String,
        by caller: Caller,
        _ body: @escaping @Sendable (AccountName, WorkerChange) throws -> Void
    ) async throws -> OwnerList {
        try await changes(name, by: caller, .owners) { change in
            // A text that no account can have is that of none.
            guard let known = try? AccountName(parsing: account) else {
                throw RegistryServiceError.accountNotFound(account)
            }
            try body(known, change)
            return try Self.list(change.worker, in: change.session)
        }
    }

    private static func list(_ name: WorkerName, in session: any RegistryReadSession) throws -> OwnerList {
        OwnerList(try session.owners(of: name).map(\.description))
    }
}
