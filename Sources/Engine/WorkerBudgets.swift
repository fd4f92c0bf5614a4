// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import Sandboxing
import Synchronization

/// What the engine holds for each sandboxed worker: what it registers, what waits for it, its channels, messages that are
/// under way, its connections.
final class WorkerBudgets: Sendable {
    /// Of one sandboxed worker: 64 MiB.
    static let bytes = 64 << 20
    /// What a connection and an open call take, besides what is in them.
    static let connection = 64 << 10
    static let call = 512

    private let budgets = Mutex<[String: ByteBudget]>([:])
    private let limit: Int

    init(limit: Int = WorkerBudgets.bytes) { self.limit = limit }

    /// Nil for those who are held in by nothing else either.
    func budget(of identity: BusIdentity) -> ByteBudget? {
        guard case .worker(let worker) = identity, worker.tier != .none else { return nil }
        return budgets.withLock { budgets in
            if let budget = budgets[worker.name] { return budget }
            let budget = ByteBudget(limit: limit)
            budgets[worker.name] = budget
            return budget
        }
    }
}

extension CallFailure {
    static func overBudget(_ budget: ByteBudget) -> CallFailure {
        CallFailure(
            code: "channel_send_failed",
            message: "the engine holds \(budget.held) of at most \(budget.limit) bytes for this worker"
        )
    }
}
