// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import EngineProtocol
import NIOCore
import Synchronization

/// The sending end of a WebSocket, for any thread.
///
/// Messages leave in the order in which they were given. The queue has no bound of its own: its owner hears of what has
/// been written and knows what it gave.
package final class WebSocketLink: Sendable {
    fileprivate struct State {
        var queue: [OutboundMessage] = []
        var isWakeUpDue = false
        var closing: WebSocketCloseCode?
        var isClosed = false
    }

    private let state = Mutex(State())
    private let eventLoop: any EventLoop
    private let wake: @Sendable () -> Void

    init(eventLoop: any EventLoop, wake: @escaping @Sendable () -> Void) {
        self.eventLoop = eventLoop
        self.wake = wake
    }

    /// Queues a message; dropped where the connection is closed or closing.
    package func send(_ message: OutboundMessage) {
        let isDue = state.withLock { state in
            guard !state.isClosed, state.closing == nil else { return false }
            state.queue.append(message)
            return state.startWakingUp()
        }
        if isDue { eventLoop.execute(wake) }
    }

    /// Closes once all that was sent has left, or after a few seconds.
    package func close(_ code: WebSocketCloseCode) {
        let isDue = state.withLock { state in
            guard !state.isClosed, state.closing == nil else { return false }
            state.closing = code
            return state.startWakingUp()
        }
        if isDue { eventLoop.execute(wake) }
    }

    /// What waits, taken out; and the code to close with after that.
    func take() -> (messages: [OutboundMessage], closing: WebSocketCloseCode?) {
        state.withLock { state in
            state.isWakeUpDue = false
            var messages: [OutboundMessage] = []
            swap(&messages, &state.queue)
            return (messages, state.closing)
        }
    }

    func markClosed() {
        state.withLock { state in
            state.isClosed = true
            state.queue = []
        }
    }
}

extension WebSocketLink.State {
    fileprivate mutating func startWakingUp() -> Bool {
        guard !isWakeUpDue else { return false }
        isWakeUpDue = true
        return true
    }
}
