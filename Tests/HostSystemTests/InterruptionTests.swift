// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import HostSystem
import Synchronization
import Testing

/// The first signal ends what runs, also what does not listen.
///
/// A signal of its own for each: a process listens to one once.
@Suite struct InterruptionTests {
    @Test func workThatDoesNotListenIsEndedByTheFirstSignal() async throws {
        let hasEnded = Atomic(false)
        try await Interruption.cancelling(
            on: [SIGUSR2],
            within: .milliseconds(1),
            endingBy: { hasEnded.store(true, ordering: .releasing) }
        ) {
            kill(getpid(), SIGUSR2)
            while !hasEnded.load(ordering: .acquiring) {}
        }
        let isEnded = hasEnded.load(ordering: .acquiring)
        #expect(isEnded)
    }

    @Test func workThatListensComesToItsOwnEnd() async throws {
        let hasEnded = Atomic(false)
        await #expect(throws: CancellationError.self) {
            try await Interruption.cancelling(
                on: [SIGUSR1],
                within: .seconds(3600),
                endingBy: { hasEnded.store(true, ordering: .releasing) }
            ) {
                kill(getpid(), SIGUSR1)
                try await Task.sleep(for: .seconds(3600))
            }
        }
        let isEnded = hasEnded.load(ordering: .acquiring)
        #expect(!isEnded)
    }

    @Test func theSecondSignalWaitsForNothing() async throws {
        let hasEnded = Atomic(false)
        try await Interruption.cancelling(on: [SIGURG], endingBy: { hasEnded.store(true, ordering: .releasing) }) {
            while !hasEnded.load(ordering: .acquiring) {
                kill(getpid(), SIGURG)
                await Task.yield()
            }
        }
    }
}
