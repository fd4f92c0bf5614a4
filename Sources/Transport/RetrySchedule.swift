// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// When a failed request is tried again.
///
/// Waits grow from half a second to eight, each made shorter by up to half at random, so that many clients do not
/// come back at once.
package struct RetrySchedule: Sendable {
    /// The most tries after the first one.
    package static let limit = 4
    /// The longest wait that a server can ask for; beyond it the request fails at once.
    package static let longestAdvice = Duration.seconds(60)

    /// A try that brought as many bytes begins the count anew: a long transfer over a bad line comes to its end.
    package static let progress: Int64 = 1 << 20

    package private(set) var failures = 0
    /// How far the transfer was at the last failure.
    private var failedAt: Int64

    /// `offset` is how many bytes of what is fetched are there already.
    package init(startingAt offset: Int64 = 0) { failedAt = offset }

    /// What to wait before the next try; nil where there is none.
    ///
    /// `advice` is what the server asked for with `Retry-After`, `jitter` is from 0 up to 1.
    package mutating func wait(advice: Duration? = nil, jitter: Double) -> Duration? {
        guard failures < Self.limit else { return nil }
        failures += 1
        if let advice { return advice <= Self.longestAdvice ? max(advice, .zero) : nil }
        return .milliseconds(500 << (failures - 1)) * (1 - jitter / 2)
    }

    /// As `wait`, for a transfer that has come to `offset`.
    package mutating func wait(at offset: Int64, advice: Duration? = nil, jitter: Double) -> Duration? {
        if offset - failedAt >= Self.progress { failures = 0 }
        failedAt = offset
        return wait(advice: advice, jitter: jitter)
    }
}

/// How time passes and dice fall between two tries, and who is told; tests pass their own.
package struct Pacing: Sendable {
    package let sleep: @Sendable (Duration) async throws -> Void
    /// From 0 up to 1.
    package let jitter: @Sendable () -> Double
    private let announce: @Sendable (Retry) -> Void

    package init(
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        jitter: @escaping @Sendable () -> Double,
        announce: @escaping @Sendable (Retry) -> Void = { _ in }
    ) {
        self.sleep = sleep
        self.jitter = jitter
        self.announce = announce
    }

    package static let live = live { _ in }

    /// Real time and real dice.
    package static func live(announcing announce: @escaping @Sendable (Retry) -> Void) -> Pacing {
        Pacing(sleep: { try await Task.sleep(for: $0) }, jitter: { .random(in: 0..<1) }, announce: announce)
    }

    /// Tells that a request is tried again, then waits.
    ///
    /// - Throws: `CancellationError`.
    package func wait(_ retry: Retry) async throws {
        announce(retry)
        try await sleep(retry.wait)
    }
}

/// A request that failed and is about to be tried again.
package struct Retry: Sendable {
    /// What failed, as it is told: `cannot reach …: timed out while waiting for data`.
    package let failure: String
    package let wait: Duration

    package init(after error: TransportError, wait: Duration) {
        failure = error.message
        self.wait = wait
    }

    package init(after response: TransportResponse, wait: Duration) {
        failure = "`\(response.url)` answered \(response.status)"
        self.wait = wait
    }
}

extension TransportResponse {
    /// Whether the server says that a later try may succeed: 408, 429 and 5xx.
    ///
    /// Not where it says that it never will (501, 505) or that somebody has to make room first (507).
    package var isTransientFailure: Bool {
        switch status {
        case 501, 505, 507: false
        case 408, 429, 500...599: true
        default: false
        }
    }
}
