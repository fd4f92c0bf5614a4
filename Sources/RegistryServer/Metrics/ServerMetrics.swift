// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Synchronization

/// What the server counts of itself, for `GET /metrics`.
///
/// Routes are patterns and methods are those of HTTP, so there is an end to how many rows there can be.
package final class ServerMetrics: Sendable {
    /// Upper bounds of durations, in seconds.
    static let bounds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10]
    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    struct Request: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    struct Durations {
        /// How many took at most the bound of the same place; one more place for the rest.
        var counts = Array(repeating: 0, count: ServerMetrics.bounds.count + 1)
        var sum = 0.0
    }

    struct Numbers {
        var requests: [Request: Int] = [:]
        var durations: [String: Durations] = [:]
        var underWay = 0
    }

    /// What the front has answered, which it counts without a lock.
    package let front = FrontCounters()
    private let numbers = Mutex(Numbers())

    package init() {}

    var snapshot: Numbers {
        var numbers = numbers.withLock { $0 }
        numbers.add(front)
        return numbers
    }

    func began() { numbers.withLock { $0.underWay += 1 } }

    /// Counts a request whose answer has begun.
    func ended(method: String, route: String, status: Int, after duration: Duration) {
        numbers.withLock { numbers in
            numbers.underWay -= 1
            Self.count(method, route, status, duration, &numbers)
        }
    }

    /// The place of the least bound that a duration stays within.
    static func place(of duration: Duration) -> Int {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        return bounds.firstIndex { seconds <= $0 } ?? bounds.count
    }

    private static func count(
        _ method: String,
        _ route: String,
        _ status: Int,
        _ duration: Duration,
        _ numbers: inout Numbers
    ) {
        let method = methods.contains(method) ? method : "other"
        numbers.requests[Request(method: method, route: route, status: status), default: 0] += 1
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        numbers.durations[route, default: Durations()].counts[place(of: duration)] += 1
        numbers.durations[route, default: Durations()].sum += seconds
    }
}
