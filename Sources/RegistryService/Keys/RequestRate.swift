// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Synchronization

/// How many requests each client may send: a bucket that fills evenly and holds the requests of one minute.
///
/// Memory is bounded: of many clients, those whose bucket is full again are forgotten, and then all.
package final class RequestRate: Sendable {
    private struct Bucket {
        var tokens: Double
        var filledAt: Duration
    }

    /// Clients that are remembered at most.
    private static let mostClients = 50_000

    private let perMinute: Int
    private let buckets = Mutex<[String: Bucket]>([:])

    /// `perMinute` of 0 lets everything pass.
    package init(perMinute: Int) { self.perMinute = perMinute }

    /// Counts a request.
    ///
    /// - Throws: `RegistryServiceError.tooManyRequests`.
    package func count(_ client: String, at now: Duration) throws(RegistryServiceError) {
        guard perMinute > 0 else { return }
        let (full, perSecond) = (Double(perMinute), Double(perMinute) / 60)
        let wait: Double = buckets.withLock { buckets in
            if buckets.count >= Self.mostClients { Self.forget(&buckets, full, perSecond, now) }
            var bucket = buckets[client] ?? Bucket(tokens: full, filledAt: now)
            let passed = max(0, (now - bucket.filledAt) / .seconds(1))
            bucket.tokens = min(full, bucket.tokens + passed * perSecond)
            bucket.filledAt = now
            let wait = bucket.tokens >= 1 ? 0 : (1 - bucket.tokens) / perSecond
            if wait == 0 { bucket.tokens -= 1 }
            buckets[client] = bucket
            return wait
        }
        if wait > 0 {
            throw .tooManyRequests(perMinute: perMinute, retryAfter: .milliseconds(Int64((wait * 1000).rounded(.up))))
        }
    }

    private static func forget(
        _ buckets: inout [String: Bucket],
        _ full: Double,
        _ perSecond: Double,
        _ now: Duration
    ) {
        buckets = buckets.filter { _, bucket in
            bucket.tokens + (now - bucket.filledAt) / .seconds(1) * perSecond < full
        }
        if buckets.count >= mostClients { buckets = [:] }
    }
}
