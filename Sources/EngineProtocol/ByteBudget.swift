// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Synchronization

/// How much is held for one worker, over all its connections, and how much may be.
package final class ByteBudget: Sendable {
    package let limit: Int
    private let used = Mutex(0)

    package init(limit: Int) { self.limit = limit }

    package var held: Int { used.withLock { $0 } }

    /// Takes some bytes where there is room for them.
    package func take(_ count: Int) -> Bool {
        used.withLock { used in
            guard used + count <= limit else { return false }
            used += count
            return true
        }
    }

    /// Whether some bytes would find room.
    package func hasRoom(for count: Int) -> Bool { used.withLock { $0 + count <= limit } }

    /// Takes some bytes in any case: small ones, without which nothing would be said.
    package func force(_ count: Int) { used.withLock { $0 += count } }

    package func give(_ count: Int) { used.withLock { $0 -= count } }
}
