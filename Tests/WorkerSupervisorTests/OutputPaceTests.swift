// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import WorkerSupervisor

struct OutputPaceTests {
    private let start = ContinuousClock.now

    @Test func aBurstPassesAtOnceAndIsEarnedAgain() {
        var pace = OutputPace()
        #expect(pace.take(OutputPace.burst, at: start) == .zero)
        #expect(pace.take(OutputPace.perSecond, at: start) == .seconds(1))
        #expect(pace.take(0, at: start + .seconds(1)) == .zero)
        #expect(pace.take(OutputPace.burst, at: start + .seconds(3600)) == .zero)
        #expect(pace.take(1, at: start + .seconds(3600)) > .zero)
    }

    @Test func aFloodComesAtTheRateThatIsAllowed() {
        var pace = OutputPace()
        var now = start
        for _ in 0..<1000 { now += pace.take(64 << 10, at: now) }
        let seconds = (now - start) / .seconds(1)
        let expected = Double(1000 * (64 << 10) - OutputPace.burst) / Double(OutputPace.perSecond)
        #expect(abs(seconds - expected) < 1)
    }
}
