// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage

/// How many uploads each account has under way: each holds memory and a connection, so there is an end to them.
struct UploadsUnderWay: Sendable {
    private let limit: Int
    private let uploads = AccountTally()

    init(limit: Int) { self.limit = limit }

    /// - Throws: `RegistryServiceError.tooManyUploads`.
    func enter(_ account: AccountName) throws(RegistryServiceError) -> AccountTally.Share {
        let (place, all) = uploads.take(1, for: account)
        if all > limit { throw .tooManyUploads(limit: limit) }
        return place
    }
}
