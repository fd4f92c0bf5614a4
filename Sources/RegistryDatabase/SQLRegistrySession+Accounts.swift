// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

extension SQLRegistrySession {
    func account(_ name: AccountName) throws(RegistryStorageError) -> Account? {
        let row = try connection.row("SELECT created_at, suspended_at FROM accounts WHERE name = ?", [name.sql])
        guard let row else { return nil }
        return Account(name: name, createdAt: try row.moment(0), suspendedAt: try row.momentIfAny(1))
    }

    func accounts() throws(RegistryStorageError) -> [Account] {
        var accounts: [Account] = []
        for row in try connection.query("SELECT name, created_at, suspended_at FROM accounts ORDER BY name", []) {
            accounts.append(
                Account(
                    name: try row.accountName(0),
                    createdAt: try row.moment(1),
                    suspendedAt: try row.momentIfAny(2)
                )
            )
        }
        return accounts
    }

    func insertAccount(_ account: Account) throws(RegistryStorageError) {
        let count = try connection.execute(
            "INSERT INTO accounts (name, created_at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
            [account.name.sql, account.createdAt.sql]
        )
        if count == 0 { throw .accountExists(account.name) }
    }

    func setSuspension(_ since: Timestamp?, of account: AccountName) throws(RegistryStorageError) {
        let count = try connection.execute(
            "UPDATE accounts SET suspended_at = ? WHERE name = ?",
            [since?.sql ?? .null, account.sql]
        )
        if count == 0 { throw .accountNotFound(account) }
    }

    private static let keyColumns = """
        SELECT hash, accounts.name, label, scopes, patterns, api_keys.created_at, expires_at, last_used_at
        FROM api_keys JOIN accounts ON accounts.id = api_keys.account_id
        """

    func key(hash: Digest) throws(RegistryStorageError) -> APIKey? {
        try connection.row(Self.keyColumns + " WHERE hash = ?", [hash.sql])?.key()
    }

    func keys(of account: AccountName) throws(RegistryStorageError) -> [APIKey] {
        let rows = try connection.query(
            Self.keyColumns + " WHERE accounts.name = ? ORDER BY api_keys.created_at, hash",
            [account.sql]
        )
        var keys: [APIKey] = []
        for row in rows { keys.append(try row.key()) }
        return keys
    }

    func insertKey(_ key: APIKey) throws(RegistryStorageError) {
        guard let accountID = try identity(of: key.account) else { throw .accountNotFound(key.account) }
        let scopes = key.scopes.map(\.rawValue).sorted().joined(separator: " ")
        let patterns = key.patterns.map(\.description).joined(separator: " ")
        let count = try connection.execute(
            """
            INSERT INTO api_keys (hash, account_id, label, scopes, patterns, created_at, expires_at, last_used_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING
            """,
            [
                key.hash.sql, accountID.sql, key.label.sql, scopes.sql, patterns.sql, key.createdAt.sql,
                key.expiresAt?.sql ?? .null, key.lastUsedAt?.sql ?? .null,
            ]
        )
        if count == 0 { throw .keyExists }
    }

    func touchKey(hash: Digest, at now: Timestamp) throws(RegistryStorageError) {
        try connection.execute("UPDATE api_keys SET last_used_at = ? WHERE hash = ?", [now.sql, hash.sql])
    }

    func deleteKey(hash: Digest) throws(RegistryStorageError) -> Bool {
        try connection.execute("DELETE FROM api_keys WHERE hash = ?", [hash.sql]) > 0
    }
}

extension SQLRow {
    /// A scope that this release does not know gives no right; a pattern that it cannot read is damage, since without it
    /// the key would be good for more.
    fileprivate func key() throws(RegistryStorageError) -> APIKey {
        let scopes = try text(3).split(separator: " ").compactMap { KeyScope(rawValue: String($0)) }
        return APIKey(
            hash: try digest(0),
            account: try accountName(1),
            label: try text(2),
            scopes: Set(scopes),
            patterns: try parsed(4) { try $0.split(separator: " ").map { try NamePattern(parsing: $0) } },
            createdAt: try moment(5),
            expiresAt: try momentIfAny(6),
            lastUsedAt: try momentIfAny(7)
        )
    }
}
