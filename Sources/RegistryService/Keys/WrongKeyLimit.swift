// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Counts wrong keys by where they came from, and says when an address has to wait.
///
/// A right key never waits: many clients may come from one address, and a stranger among them must not lock out the
/// others. Nobody guesses a key of 32 random bytes.
///
/// Memory is bounded: of many addresses, those whose last wrong key is oldest are forgotten.
struct WrongKeyLimit {
    /// Wrong keys that one address may send within a window.
    let attempts: Int
    let window: Duration
    /// Addresses that are remembered at most.
    let addresses: Int
    /// Moments of wrong keys, oldest first.
    private var failures: [String: [Duration]] = [:]

    init(attempts: Int = 10, window: Duration = .seconds(60), addresses: Int = 10_000) {
        self.attempts = attempts
        self.window = window
        self.addresses = addresses
    }

    /// How long an address has to wait before it is told again that a key is wrong; nil when it need not.
    private func wait(_ address: String, at now: Duration) -> Duration? {
        guard let moments = failures[address], moments.count >= attempts else { return nil }
        let end = moments[moments.count - attempts] + window
        return end > now ? end - now : nil
    }

    /// Counts a wrong key.
    ///
    /// - Returns: how long the address has to wait, where it has sent too many; this one does not count then.
    mutating func fail(_ address: String, at now: Duration) -> Duration? {
        if let wait = wait(address, at: now) { return wait }
        recordFailure(address, at: now)
        return nil
    }

    private mutating func recordFailure(_ address: String, at now: Duration) {
        let start = now - window
        var moments = failures[address, default: []].filter { $0 > start }
        moments.append(now)
        failures[address] = moments
        if failures.count > addresses { forgetOldest(since: start) }
    }

    private mutating func forgetOldest(since start: Duration) {
        failures = failures.filter { $0.value.last.map { $0 > start } ?? false }
        guard failures.count > addresses else { return }
        let byAge = failures.sorted { ($0.value.last ?? .zero) < ($1.value.last ?? .zero) }
        for (address, _) in byAge.prefix(failures.count - addresses / 2) { failures[address] = nil }
    }
}
