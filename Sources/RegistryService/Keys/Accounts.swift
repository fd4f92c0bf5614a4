// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import RegistryStorage

/// Accounts, as the operator of a registry manages them.
package struct Accounts: Sendable {
    private let store: any RegistryStore
    private let surroundings: Surroundings

    package init(store: any RegistryStore, surroundings: Surroundings) {
        self.store = store
        self.surroundings = surroundings
    }

    /// Makes an account without keys.
    ///
    /// - Throws: `RegistryStorageError.accountExists`.
    package func create(_ name: AccountName) async throws {
        let now = surroundings.now()
        try await store.write { session in
            try session.insertAccount(Account(name: name, createdAt: now))
            try session.appendEvent(RegistryEvent(.accountCreated, at: now, account: name))
        }
    }

    /// Every account by name, with how many of its keys are good now.
    package func list() async throws -> [(account: Account, goodKeys: Int)] {
        let now = surroundings.now()
        return try await store.read { session in
            try session.accounts().map { account in
                let good = try session.keys(of: account.name).count { !$0.isExpired(at: now) }
                return (account, account.suspendedAt == nil ? good : 0)
            }
        }
    }

    /// Refuses every key of an account from now on, or takes that back; repeating it changes nothing.
    ///
    /// - Throws: `RegistryStorageError.accountNotFound`.
    package func setSuspended(_ isSuspended: Bool, _ name: AccountName) async throws {
        let now = surroundings.now()
        try await store.write { session in
            guard let account = try session.account(name) else { throw RegistryStorageError.accountNotFound(name) }
            if (account.suspendedAt != nil) == isSuspended { return }
            try session.setSuspension(isSuspended ? now : nil, of: name)
            let kind: RegistryEvent.Kind = isSuspended ? .accountSuspended : .accountResumed
            try session.appendEvent(RegistryEvent(kind, at: now, account: name))
        }
    }
}
