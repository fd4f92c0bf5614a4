// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import RegistryAPI
package import RegistryStorage

/// What the holder of a key does with the keys of their account.
extension Keys {
    /// The keys of an account, oldest first, expired ones included.
    package func list(of account: AccountName) async throws -> [APIKey] {
        try await store.read { session in try session.keys(of: account) }
    }

    /// Makes one more key for the account of the caller, good for at most what the caller's key is good for.
    ///
    /// - Throws: `RegistryServiceError`: `.scopeMissing`, `.invalidRequest` with everything that is wrong, `.keyTooGood`,
    ///   `.tooManyKeys`.
    package func create(_ request: NewKeyRequest, by caller: Caller) async throws -> (text: KeyText, key: APIKey) {
        try caller.expect(.owners)
        let (text, now) = (KeyText(bytes: surroundings.randomBytes(32)), surroundings.now())
        let key = try KeyRequestReader(request, from: caller.key).key(hash: text.hash, at: now)
        guard caller.key.covers(key) else { throw RegistryServiceError.keyTooGood }
        try await store.write(by: caller, at: now) { caller, session in
            guard try session.keys(of: key.account).count < Self.maximumPerAccount else {
                throw RegistryServiceError.tooManyKeys(limit: Self.maximumPerAccount)
            }
            try Self.insert(key, by: caller.account, at: now, in: session)
        }
        return (text, key)
    }

    /// Makes a key of the caller's account good for nothing: the caller's own, or one that is good for no more.
    ///
    /// - Throws: `RegistryServiceError`: `.keyNotFound`, also for a key of another account; `.scopeMissing`,
    ///   `.keyTooGood`.
    package func revoke(_ id: String, by caller: Caller) async throws {
        let now = surroundings.now()
        try await store.write(by: caller, at: now) { caller, session in
            guard let key = try session.keys(of: caller.account).first(where: { $0.id == id }) else {
                throw RegistryServiceError.keyNotFound(id)
            }
            if key.hash != caller.key.hash {
                try caller.expect(.owners)
                guard caller.key.covers(key.withoutExpiry(of: caller.key)) else {
                    throw RegistryServiceError.keyTooGood
                }
            }
            try Self.delete(key, by: caller.account, at: now, in: session)
        }
    }
}

extension APIKey {
    /// The key as if it ended with another one: how long a key lives does not matter to who may end it.
    fileprivate func withoutExpiry(of other: APIKey) -> APIKey {
        APIKey(
            hash: hash,
            account: account,
            label: label,
            scopes: scopes,
            patterns: patterns,
            createdAt: createdAt,
            expiresAt: other.expiresAt,
            lastUsedAt: lastUsedAt
        )
    }

    /// What may be told of the key.
    package var info: KeyInfo {
        KeyInfo(
            id: id,
            account: account.description,
            label: label,
            scopes: scopes.map(\.rawValue).sorted(),
            names: patterns.map(\.description),
            createdAt: createdAt.description,
            expiresAt: expiresAt?.description,
            lastUsedAt: lastUsedAt?.description
        )
    }
}
