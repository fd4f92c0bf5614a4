// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Sandboxing

/// Who is at the other end of a connection, by how it came; what it says of itself counts for nothing.
package enum BusIdentity: Sendable, Hashable {
    /// The project's user: the command line, and any program of the same user or of root on this machine.
    case owner
    /// A worker that this engine has started: through the tunnel of its sandbox, or by its secret.
    case worker(StartedWorker)
    /// A program of another user of this machine, or of one whom the kernel does not tell.
    case stranger
    /// From another machine, through a listener without rules.
    case network
    /// Through a listener with rules.
    case guest

    /// The tier in which its functions run.
    var tier: IsolationTier { if case .worker(let worker) = self { worker.tier } else { .none } }
    /// The name that the project knows it by.
    var name: String? { if case .worker(let worker) = self { worker.name } else { nil } }
}

/// A worker that the engine has started, and in which tier.
package struct StartedWorker: Sendable, Hashable {
    package let name: String
    package let tier: IsolationTier

    package init(name: String, tier: IsolationTier) {
        self.name = name
        self.tier = tier
    }
}
