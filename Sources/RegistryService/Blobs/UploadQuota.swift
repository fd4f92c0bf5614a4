// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// How much each account may have sent that no version names, what is under way included.
struct UploadQuota: Sendable {
    /// Nil for no limit.
    private let limit: ByteCount?
    private let reserved = AccountTally()

    init(_ limit: ByteCount?) { self.limit = limit }

    /// Takes a part; `used` tells what the account has sent before.
    ///
    /// - Throws: `RegistryServiceError.uploadQuota`; what `used` throws.
    func reserve(
        _ size: ByteCount,
        for account: AccountName,
        used: (AccountName) async throws -> ByteCount
    ) async throws -> AccountTally.Share {
        let (share, all) = reserved.take(size.bytes, for: account)
        if let limit, try await used(account).bytes > limit.bytes - min(all, limit.bytes) || all > limit.bytes {
            throw RegistryServiceError.uploadQuota(limit)
        }
        return share
    }

    /// Takes a part without asking: what is already there and is counted nowhere else for a moment.
    func hold(_ size: ByteCount, for account: AccountName) -> AccountTally.Share {
        reserved.take(size.bytes, for: account).share
    }
}
