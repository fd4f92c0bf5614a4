// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Synchronization

/// How much of something each account holds at the moment.
final class AccountTally: Sendable {
    /// A part, held for as long as somebody refers to it.
    final class Share: Sendable {
        private let account: AccountName
        private let amount: Int64
        private let tally: AccountTally

        fileprivate init(_ amount: Int64, of account: AccountName, in tally: AccountTally) {
            (self.amount, self.account, self.tally) = (amount, account, tally)
        }

        deinit { tally.release(amount, of: account) }
    }

    private let held = Mutex<[AccountName: Int64]>([:])

    /// Takes a part; `all` is what the account holds with it.
    ///
    /// Taken first and looked at then: of two at once at least one sees the other.
    func take(_ amount: Int64, for account: AccountName) -> (share: Share, all: Int64) {
        let all = held.withLock { held in
            held[account, default: 0] += amount
            return held[account, default: 0]
        }
        return (Share(amount, of: account, in: self), all)
    }

    private func release(_ amount: Int64, of account: AccountName) {
        held.withLock { held in
            let rest = held[account, default: 0] - amount
            held[account] = rest > 0 ? rest : nil
        }
    }
}
