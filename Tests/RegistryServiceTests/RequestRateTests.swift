// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryService
import Testing

/// Requests of a client pass at a rate, with a minute's worth at once.
struct RequestRateTests {
    private func passes(_ rate: RequestRate, _ client: String, at milliseconds: Int64) -> Bool {
        (try? rate.count(client, at: .milliseconds(milliseconds))) != nil
    }

    @Test func minuteOfRequestsPassesAtOnceAndThenTheRate() {
        let rate = RequestRate(perMinute: 6)
        #expect((0..<7).map { _ in passes(rate, "a", at: 0) } == [true, true, true, true, true, true, false])
        #expect(passes(rate, "b", at: 0))
        #expect(!passes(rate, "a", at: 9999))
        #expect(passes(rate, "a", at: 10_000))
        #expect(!passes(rate, "a", at: 10_001))
        #expect((0..<7).count { _ in passes(rate, "a", at: 1_000_000) } == 6)
    }

    @Test func clockThatGoesBackTakesNothingAway() {
        let rate = RequestRate(perMinute: 2)
        #expect(passes(rate, "a", at: 100_000) && passes(rate, "a", at: 50_000) && !passes(rate, "a", at: 50_000))
        #expect(passes(rate, "a", at: 80_000))
    }

    @Test func zeroLetsEverythingPass() {
        let rate = RequestRate(perMinute: 0)
        #expect((0..<10_000).allSatisfy { _ in passes(rate, "a", at: 0) })
    }

    @Test func refusalSaysHowLongToWait() {
        let rate = RequestRate(perMinute: 60)
        for _ in 0..<60 { _ = passes(rate, "a", at: 0) }
        let error = #expect(throws: RegistryServiceError.self) {
            try rate.count("a", at: .milliseconds(400))
        }
        if case .tooManyRequests(60, let wait) = error {
            #expect(wait == .milliseconds(600))
        } else {
            Issue.record("\(String(describing: error))")
        }
    }
}
