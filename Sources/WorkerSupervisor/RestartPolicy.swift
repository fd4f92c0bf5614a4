// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// When a worker that ended is started again.
///
/// The pause doubles from one crash to the next and is halved by no luck but running for a while: whoever stayed up for
/// `steadyAfter` begins anew. After `patience` crashes in a row a worker is left alone until somebody starts it or its
/// entry changes.
package struct RestartPolicy: Sendable, Hashable {
    package enum Decision: Sendable, Hashable {
        case restart(after: Duration)
        case giveUp
    }

    package static let firstPause = Duration.milliseconds(500)
    package static let longestPause = Duration.seconds(30)
    package static let steadyAfter = Duration.seconds(60)
    package static let patience = 10

    /// Crashes since the worker last was steady.
    package private(set) var crashes = 0

    package init() {}

    /// Decides after an end, however it came about: a worker is not meant to end by itself.
    package mutating func ended(after uptime: Duration) -> Decision {
        if uptime >= Self.steadyAfter { crashes = 0 }
        crashes += 1
        if crashes >= Self.patience { return .giveUp }
        let doublings = min(crashes - 1, 10)
        return .restart(after: min(Self.firstPause * (1 << doublings), Self.longestPause))
    }
}
