// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension WorkerStatus {
    /// Its process is being made.
    mutating func begin() {
        phase = .starting
        readyAfter = nil
        forgetRun()
    }

    mutating func run(_ run: any WorkerRun) {
        phase = .booting
        (processID, tier, startedAt) = (run.processID, run.tier, .now)
        (limits, sandboxReadyAfter, network) = (run.enforcement, run.sandboxReadyAfter, run.network)
    }

    mutating func forgetRun() {
        restartAt = nil
        (processID, startedAt, tier, limits, sandboxReadyAfter, network) = (nil, nil, nil, nil, nil, [])
    }

    /// Its run ended, and this is what comes of it.
    mutating func crash(_ end: String, _ decision: RestartPolicy.Decision, _ log: WorkerLog) {
        forgetRun()
        (lastEnd, lastLines, lastReason) = (end, log.lastLines, log.lastReason)
        switch decision {
        case .giveUp: phase = .failed
        case .restart(let pause):
            phase = .restarting(after: pause)
            restartAt = .now + pause
            restarts += 1
        }
    }
}
