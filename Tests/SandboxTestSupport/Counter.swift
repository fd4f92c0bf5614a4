// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Synchronization

/// A number that several count up.
package final class Counter: Sendable {
    private let count = Mutex(0)
    package init() {}
    package func add() { count.withLock { $0 += 1 } }
    package var value: Int { count.withLock { $0 } }
}
