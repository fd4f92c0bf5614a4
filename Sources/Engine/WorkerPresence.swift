// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A worker of some name has announced itself, or the last one of that name has left.
package struct WorkerPresence: Sendable, Hashable {
    package let name: String
    /// Whether one of this name is connected, whichever its namespace.
    package let isConnected: Bool
}
