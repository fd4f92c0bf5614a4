// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import Synchronization

/// The connections that are open, up to a limit.
final class ConnectionCount: Sendable {
    private struct State {
        var open = 0
        var drained: EventLoopPromise<Void>?
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    /// Counts a connection until it closes; false where there are too many.
    func add(_ channel: any Channel) -> Bool {
        let isCounted = state.withLock { state in
            guard state.open < limit else { return false }
            state.open += 1
            return true
        }
        if isCounted { channel.closeFuture.whenComplete { _ in self.remove() } }
        return isCounted
    }

    private func remove() {
        let drained = state.withLock { state in
            state.open -= 1
            return state.open == 0 ? state.drained : nil
        }
        drained?.succeed()
    }

    /// Waits until no connection is open, but not longer than some time.
    func drained(within time: Duration, on group: any EventLoopGroup) async {
        let loop = group.any()
        let promise = loop.makePromise(of: Void.self)
        let isEmpty = state.withLock { state in
            state.drained = promise
            return state.open == 0
        }
        if isEmpty { promise.succeed() }
        let timer = loop.scheduleTask(in: TimeAmount(time)) { promise.succeed() }
        // Only ever succeeds.
        try? await promise.futureResult.get()
        timer.cancel()
    }
}
