// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Synchronization

/// How many uploads each account has under way: each holds memory and a connection, so there is an end to them.
final class UploadsUnderWay: Sendable {
    /// One upload's place, for as long as somebody holds it.
    final class Place: Sendable {
        private let account: AccountName
        private let uploads: UploadsUnderWay

        fileprivate init(of account: AccountName, _ uploads: UploadsUnderWay) {
            (self.account, self.uploads) = (account, uploads)
        }

        deinit { uploads.leave(account) }
    }

    private let limit: Int
    private let counts = Mutex<[AccountName: Int]>([:])

    init(limit: Int) { self.limit = limit }

    /// - Throws: `RegistryServiceError.tooManyUploads`.
    func enter(_ account: AccountName) throws(RegistryServiceError) -> Place {
        let isFull = counts.withLock { counts in
            if counts[account, default: 0] >= limit { return true }
            counts[account, default: 0] += 1
            return false
        }
        if isFull { throw .tooManyUploads(limit: limit) }
        return Place(of: account, self)
    }

    private func leave(_ account: AccountName) {
        counts.withLock { counts in
            let rest = counts[account, default: 0] - 1
            counts[account] = rest > 0 ? rest : nil
        }
    }
}
