// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import RegistryStorage

/// Time and chance, as the registry sees them: tests make them up.
package struct Surroundings: Sendable {
    /// The time of day.
    package let now: @Sendable () -> Timestamp
    /// The time since some moment, which only goes forward: for limits, which no clock that is set may end or prolong.
    package let elapsed: @Sendable () -> Duration
    /// As many unpredictable bytes as are asked for.
    package let randomBytes: @Sendable (_ count: Int) -> [UInt8]

    package init(
        now: @escaping @Sendable () -> Timestamp,
        elapsed: @escaping @Sendable () -> Duration = Surroundings.systemElapsed,
        randomBytes: @escaping @Sendable (_ count: Int) -> [UInt8] = Surroundings.systemRandomBytes
    ) {
        self.now = now
        self.elapsed = elapsed
        self.randomBytes = randomBytes
    }

    private static let start = ContinuousClock.now

    /// The time since the program first asked for it.
    @Sendable
    package static func systemElapsed() -> Duration { start.duration(to: .now) }

    /// Bytes of the operating system's own generator, fit for keys.
    @Sendable
    package static func systemRandomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
