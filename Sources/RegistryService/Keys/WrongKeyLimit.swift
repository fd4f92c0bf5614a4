// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage

/// Counts wrong keys by where they came from, and says when an address has to wait.
///
/// Memory is bounded: of many addresses, those whose last wrong key is oldest are forgotten.
struct WrongKeyLimit {
    /// Wrong keys that one address may send within a window.
    let attempts: Int
    let windowMilliseconds: Int64
    /// Addresses that are remembered at most.
    let addresses: Int
    /// Moments of wrong keys in milliseconds, oldest first.
    private var failures: [String: [Int64]] = [:]

    init(attempts: Int = 10, windowMilliseconds: Int64 = 60_000, addresses: Int = 10_000) {
        self.attempts = attempts
        self.windowMilliseconds = windowMilliseconds
        self.addresses = addresses
    }

    /// How long an address has to wait before its keys are looked at again; nil when it need not.
    func wait(_ address: String, at now: Timestamp) -> Duration? {
        guard let moments = failures[address], moments.count >= attempts else { return nil }
        let end = moments[moments.count - attempts] + windowMilliseconds
        return end > now.milliseconds ? .milliseconds(end - now.milliseconds) : nil
    }

    mutating func recordFailure(_ address: String, at now: Timestamp) {
        let start = now.milliseconds - windowMilliseconds
        var moments = failures[address, default: []].filter { $0 > start }
        moments.append(now.milliseconds)
        failures[address] = moments
        if failures.count > addresses { forgetOldest(since: start) }
    }

    private mutating func forgetOldest(since start: Int64) {
        failures = failures.filter { $0.value.last.map { $0 > start } ?? false }
        guard failures.count > addresses else { return }
        let byAge = failures.sorted { ($0.value.last ?? 0) < ($1.value.last ?? 0) }
        for (address, _) in byAge.prefix(failures.count - addresses / 2) { failures[address] = nil }
    }
}
