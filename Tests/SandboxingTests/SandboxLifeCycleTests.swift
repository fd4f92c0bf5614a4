// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Sandboxing
import Testing

/// Every order of events ends in exactly one end, and nothing is done after it.
struct SandboxLifeCycleTests {
    typealias Event = SandboxLifeCycle.Event
    typealias Action = SandboxLifeCycle.Action

    private static let up: [Event] = [.hello(version: 1), .started]
    private static let silent: [Event] = .init(repeating: .pingDue, count: 4)

    @Test(
        arguments: [
            (up + [.workerEnded(.exited(status: 0))], .exited(status: 0)),
            (up + [.stopAsked, .workerEnded(.signalled(15))], .signalled(15)),
            (up + [.stopAsked, .graceElapsed, .workerEnded(.exited(status: 0))], .signalled(9)),
            (up + [.stopAsked, .stopAsked, .workerEnded(.exited(status: 7))], .exited(status: 7)),
            (up + [.channelLost], .lost), ([.channelLost], .lost), ([.stopAsked], .signalled(15)),
            (up + silent, .unresponsive), ([.hello(version: 9)], .lost), ([.started], .lost),
            ([.hello(version: 1), .hello(version: 1)], .lost), (up + [.started], .lost),
            ([.hello(version: 1), .failed("no such file")], .lost),
        ] as [([Event], SandboxExit)]
    )
    func endsOnceWithOneReason(events: [Event], expected: SandboxExit) {
        var life = SandboxLifeCycle()
        let ends = events.flatMap { life.receive($0) }.filter { if case .destroy = $0 { true } else { false } }
        #expect(ends == [.destroy(expected)])
        #expect(life.hasEnded)
        #expect(life.receive(.workerEnded(.exited(status: 1))).isEmpty)
    }

    @Test func toleratesSilenceThatEnds() {
        var life = SandboxLifeCycle()
        for event in Self.up { _ = life.receive(event) }
        for _ in 0..<20 {
            #expect(life.receive(.pingDue) == [.sendPing])
            #expect(life.receive(.pingDue) == [.sendPing])
            #expect(life.receive(.pong).isEmpty)
        }
    }

    @Test func asksBeforeItKills() {
        var life = SandboxLifeCycle()
        for event in Self.up { _ = life.receive(event) }
        #expect(life.receive(.stopAsked) == [.signal(15), .startGrace])
    }

    @Test func saysWhyTheWorkerCouldNotStart() {
        var life = SandboxLifeCycle()
        _ = life.receive(.hello(version: 1))
        #expect(life.receive(.failed("no")) == [.reportFailure("no"), .destroy(.lost)])
    }
}
