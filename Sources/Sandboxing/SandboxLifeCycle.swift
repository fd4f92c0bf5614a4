// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The life of one sandbox: which frames may come when, what is to be done, and what its end is called.
///
/// A value: whoever owns the sandbox feeds events and does what the actions say.
package struct SandboxLifeCycle: Sendable {
    package enum Event: Hashable, Sendable {
        case hello(version: UInt8)
        case started
        /// The guest could not start the worker.
        case failed(String)
        case workerEnded(SandboxExit)
        /// The channel to the guest broke, or the guest broke the protocol.
        case channelLost
        case pong
        /// A ping is due.
        case pingDue
        case stopAsked
        case graceElapsed
    }

    package enum Action: Hashable, Sendable {
        case sendStart
        case sendPing
        case reportStarted
        case reportFailure(String)
        /// To the worker's process group.
        case signal(Int32)
        /// Wait for the grace that the stop was asked with.
        case startGrace
        /// End the sandbox and all that is in it, then report.
        case destroy(SandboxExit)
    }

    private enum State: Hashable, Sendable {
        case awaitingHello
        case starting
        case running(missedPings: Int)
        case stopping
        case ended
    }

    /// So many pings without an answer end a sandbox.
    package static let toleratedSilence = 3

    private var state = State.awaitingHello

    private let stopSignal: Int32

    /// `stopSignal` asks the worker to end.
    package init(stopSignal: Int32 = 15) { self.stopSignal = stopSignal }

    package var hasEnded: Bool { state == .ended }
    package var awaitsHello: Bool { state == .awaitingHello }
    package var isRunning: Bool {
        switch state {
        case .running, .stopping: true
        default: false
        }
    }

    package mutating func receive(_ event: Event) -> [Action] {
        switch (state, event) {
        case (.ended, _): return []
        case (.awaitingHello, .hello(GuestFrame.version)):
            state = .starting
            return [.sendStart]
        case (.starting, .started):
            state = .running(missedPings: 0)
            return [.reportStarted]
        case (.awaitingHello, .failed(let text)), (.starting, .failed(let text)):
            return [.reportFailure(text)] + end(as: .lost)
        case (.running, .workerEnded(let exit)), (.stopping, .workerEnded(let exit)): return end(as: exit)
        case (.running, .pong):
            state = .running(missedPings: 0)
            return []
        case (.running(let missed), .pingDue):
            guard missed < Self.toleratedSilence else { return end(as: .unresponsive) }
            state = .running(missedPings: missed + 1)
            return [.sendPing]
        case (.running, .stopAsked):
            state = .stopping
            return [.signal(stopSignal), .startGrace]
        case (.awaitingHello, .stopAsked), (.starting, .stopAsked): return end(as: .signalled(15))
        case (.stopping, .graceElapsed): return end(as: .signalled(9))
        case (.stopping, .pong), (.stopping, .stopAsked), (.starting, .pong), (_, .pingDue), (_, .graceElapsed):
            return []
        case (.awaitingHello, _), (.starting, _), (.running, _), (.stopping, _):
            // The channel broke, or a frame came that has no place here: the guest is not trusted any more.
            return end(as: .lost)
        }
    }

    private mutating func end(as exit: SandboxExit) -> [Action] {
        state = .ended
        return [.destroy(exit)]
    }
}
