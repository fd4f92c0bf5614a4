// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import WorkerModel

/// The name of an account: `[a-z0-9][a-z0-9_-]*`, at most 64 characters.
///
/// Shown as the author of its workers.
package struct AccountName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let maximumLength = 64

    package let description: String

    /// - Throws: `AccountNameError` for a text that is no account name.
    package init(parsing text: some StringProtocol) throws(AccountNameError) {
        let name = String(text)
        let isWellFormed = name.utf8.enumerated().allSatisfy { index, byte in
            switch byte {
            case 0x61...0x7A, 0x30...0x39: true
            case UInt8(ascii: "-"), UInt8(ascii: "_"): index > 0
            default: false
            }
        }
        guard isWellFormed, (1...Self.maximumLength).contains(name.utf8.count) else {
            throw AccountNameError(text: name)
        }
        description = name
    }

    package static func < (left: AccountName, right: AccountName) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}

/// Why a text is no account name.
///
/// W100.
package struct AccountNameError: CodedError, Hashable {
    package let text: String

    package var code: ErrorCode { .invalidName }
    package var message: String { "`\(PrintableText(text, limit: 80))` is not an account name" }
    package var hints: [String] {
        [
            "use lower-case letters, digits, `-` and `_`, at most \(AccountName.maximumLength), beginning with a letter or digit"
        ]
    }
}

/// Who publishes: the holder of keys and the owner of workers.
package struct Account: Hashable, Sendable {
    package let name: AccountName
    package let createdAt: Timestamp
    /// Since when all keys of the account are refused; nil for one in good standing.
    ///
    /// Written by `setSuspension`, ignored by `insertAccount`.
    package let suspendedAt: Timestamp?

    package init(name: AccountName, createdAt: Timestamp, suspendedAt: Timestamp? = nil) {
        self.name = name
        self.createdAt = createdAt
        self.suspendedAt = suspendedAt
    }
}

/// What a key may be used for.
///
/// The raw value is what commands and answers show.
package enum KeyScope: String, Hashable, Sendable, CaseIterable {
    case publish
    case yank
    case tags
    case owners
    /// Everything, for every worker.
    case admin
}

/// A key as the registry remembers it: never the key itself, only its SHA-256.
package struct APIKey: Hashable, Sendable {
    /// The SHA-256 of the whole key text; unique.
    package let hash: Digest
    package let account: AccountName
    /// What its holder calls it.
    package let label: String
    package let scopes: Set<KeyScope>
    /// The workers that the key is good for; empty means all.
    package let patterns: [NamePattern]
    package let createdAt: Timestamp
    /// From this moment on the key is refused.
    ///
    /// Nil: it stays valid.
    package let expiresAt: Timestamp?
    /// Written by `touchKey`; may lag behind by the service's choice.
    package let lastUsedAt: Timestamp?

    package init(
        hash: Digest,
        account: AccountName,
        label: String,
        scopes: Set<KeyScope>,
        patterns: [NamePattern] = [],
        createdAt: Timestamp,
        expiresAt: Timestamp? = nil,
        lastUsedAt: Timestamp? = nil
    ) {
        self.hash = hash
        self.account = account
        self.label = label
        self.scopes = scopes
        self.patterns = patterns
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
    }

    /// What the key is called where its text must not be shown: the first 16 digits of its hash.
    package var id: String { String(hash.description.prefix(16)) }

    package func isExpired(at now: Timestamp) -> Bool { expiresAt.map { $0 <= now } ?? false }
}
