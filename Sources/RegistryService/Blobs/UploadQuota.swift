// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Synchronization
import WorkerModel

/// How much each account may have sent that no version names, what is under way included.
final class UploadQuota: Sendable {
    /// A part of the quota, for as long as somebody holds it.
    final class Share: Sendable {
        private let account: AccountName
        private let size: ByteCount
        private let quota: UploadQuota

        fileprivate init(_ size: ByteCount, of account: AccountName, _ quota: UploadQuota) {
            (self.size, self.account, self.quota) = (size, account, quota)
        }

        deinit { quota.release(size, of: account) }
    }

    /// Nil for no limit.
    private let limit: ByteCount?
    private let reserved = Mutex<[AccountName: Int64]>([:])

    init(_ limit: ByteCount?) { self.limit = limit }

    /// Takes a part; `used` tells what the account has sent before.
    ///
    /// - Throws: `RegistryServiceError.uploadQuota`; what `used` throws.
    func reserve(
        _ size: ByteCount,
        for account: AccountName,
        used: (AccountName) async throws -> ByteCount
    ) async throws -> Share {
        // Taken first and looked at then: of two at once at least one sees the other.
        let (share, all) = held(size, for: account)
        if let limit, try await used(account).bytes > limit.bytes - min(all, limit.bytes) || all > limit.bytes {
            throw RegistryServiceError.uploadQuota(limit)
        }
        return share
    }

    /// Takes a part without asking: what is already there and is counted nowhere else for a moment.
    func hold(_ size: ByteCount, for account: AccountName) -> Share { held(size, for: account).share }

    /// A part, and what the account holds with it.
    private func held(_ size: ByteCount, for account: AccountName) -> (share: Share, all: Int64) {
        let all = reserved.withLock { reserved in
            reserved[account, default: 0] += size.bytes
            return reserved[account, default: 0]
        }
        return (Share(size, of: account, self), all)
    }

    private func release(_ size: ByteCount, of account: AccountName) {
        reserved.withLock { reserved in
            let rest = reserved[account, default: 0] - size.bytes
            reserved[account] = rest > 0 ? rest : nil
        }
    }
}
