// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import RegistryAPI
import RegistryStorage
import WorkerModel

/// Who owns a worker: reading it, and changing it as one of them.
package struct Owners: Sendable {
    private let store: any RegistryStore
    private let surroundings: Surroundings

    init(store: any RegistryStore, surroundings: Surroundings) {
        self.store = store
        self.surroundings = surroundings
    }

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
        let now = surroundings.now()
        return try await change(account, of: name, by: caller) { account, name, session in
            guard try session.account(account) != nil else {
                throw RegistryServiceError.accountNotFound(account.description)
            }
            if try session.owners(of: name).contains(account) { return }
            try session.addOwner(account, of: name, at: now)
            try session.appendEvent(Self.event(.ownerAdded, account, of: name, by: caller, at: now))
        }
    }

    /// Takes an owner away; nothing happens when the account is none.
    ///
    /// - Returns: the owners that there are then.
    /// - Throws: `RegistryServiceError`: what `Caller.expect` throws, `.lastOwner`.
    package func remove(_ account: String, from name: String, by caller: Caller) async throws -> OwnerList {
        let now = surroundings.now()
        return try await change(account, of: name, by: caller) { account, name, session in
            let owners = try session.owners(of: name)
            if owners == [account] { throw RegistryServiceError.lastOwner(account, of: name) }
            if try session.removeOwner(account, of: name) {
                try session.appendEvent(Self.event(.ownerRemoved, account, of: name, by: caller, at: now))
            }
        }
    }

    private func change(
        _ account: String,
        of name: String,
        by caller: Caller,
        _ change: @escaping @Sendable (AccountName, WorkerName, any RegistrySession) throws -> Void
    ) async throws -> OwnerList {
        let name = try VersionChoice.name(name)
        return try await store.write { session in
            try caller.expect(.owners, onOwned: name, in: session)
            // A text that no account can have is that of none.
            guard let known = try? AccountName(parsing: account) else {
                throw RegistryServiceError.accountNotFound(account)
            }
            try change(known, name, session)
            return try Self.list(name, in: session)
        }
    }

    private static func list(_ name: WorkerName, in session: any RegistryReadSession) throws -> OwnerList {
        OwnerList(try session.owners(of: name).map(\.description))
    }

    private static func event(
        _ kind: RegistryEvent.Kind,
        _ account: AccountName,
        of name: WorkerName,
        by caller: Caller,
        at now: Timestamp
    ) -> RegistryEvent {
        RegistryEvent(
            kind,
            at: now,
            account: caller.account,
            worker: name,
            details: JSONValue.object(["account": .string(account.description)]).text()
        )
    }
}
