// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// How fast a sandboxed worker may write into its logs: so much at once, and then so much a second.
///
/// A worker that writes more is slowed down, not cut: its next write waits.
struct OutputPace: Sendable {
    static let burst = 8 << 20
    static let perSecond = 2 << 20

    /// Bytes that may still come at once, at `since`; negative while it is slowed down.
    private var allowance = Self.burst
    private var since: ContinuousClock.Instant?

    /// How long to wait after `count` bytes that came at `now`.
    mutating func take(_ count: Int, at now: ContinuousClock.Instant) -> Duration {
        if let since {
            let elapsed = (now - since) / .seconds(1)
            let earned = Int(min(Double(Self.burst), elapsed * Double(Self.perSecond)))
            allowance = min(Self.burst, allowance + max(0, earned))
        }
        since = now
        allowance -= count
        return allowance >= 0 ? .zero : .seconds(1) * (Double(-allowance) / Double(Self.perSecond))
    }
}
