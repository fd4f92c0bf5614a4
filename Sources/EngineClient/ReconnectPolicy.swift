// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// How long to wait before the next attempt to reach an engine: a second, then twice as long each time, half a minute at
/// most, and up to 30 % more or less so that workers do not all come back at once.
package struct ReconnectPolicy: Sendable {
    private var attempts = 0

    package init() {}

    package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let pause = min(1000 << min(attempts, 5), 30_000)
        attempts += 1
        let jitter = Int.random(in: -300...300, using: &generator)
        return .milliseconds(pause + pause * jitter / 1000)
    }

    /// A connection was made.
    package mutating func reset() { attempts = 0 }
}
