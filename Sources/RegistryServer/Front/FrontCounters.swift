// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryAPI
import Synchronization

/// What the front has answered, for `/metrics`.
package final class FrontCounters: Sendable {
    package final class Counter: Sendable {
        private let number = Atomic<Int>(0)

        package var value: Int { number.load(ordering: .relaxed) }

        func add(_ more: Int = 1) { number.wrappingAdd(more, ordering: .relaxed) }
    }

    /// How long answers took, by the bounds of the server's metrics.
    final class Durations: Sendable {
        private let counts = (0...ServerMetrics.bounds.count).map { _ in Counter() }
        private let microseconds = Counter()

        func add(_ duration: Duration) {
            let (seconds, attoseconds) = duration.components
            counts[ServerMetrics.place(of: duration)].add()
            microseconds.add(Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000))
        }

        func add(to durations: inout ServerMetrics.Durations) {
            for (place, counter) in counts.enumerated() { durations.counts[place] += counter.value }
            durations.sum += Double(microseconds.value) / 1e6
        }
    }

    package let pages = Counter()
    package let pageHeads = Counter()
    package let notModified = Counter()
    package let headsNotModified = Counter()
    package let blobs = Counter()
    package let parts = Counter()
    let pageDurations = Durations()
    /// From the request to the last byte that the kernel took.
    let blobDurations = Durations()

    func page(isHead: Bool, isNotModified: Bool) -> Counter {
        isNotModified ? isHead ? headsNotModified : notModified : isHead ? pageHeads : pages
    }
}

extension ServerMetrics.Numbers {
    /// Adds what the front has answered.
    mutating func add(_ front: FrontCounters) {
        let (page, blob) = (RegistryRoute.download.rawValue, RegistryRoute.blob.rawValue)
        let rows: [(method: String, route: String, status: Int, counter: FrontCounters.Counter)] = [
            ("GET", page, 200, front.pages), ("HEAD", page, 200, front.pageHeads),
            ("GET", page, 304, front.notModified), ("HEAD", page, 304, front.headsNotModified),
            ("GET", blob, 200, front.blobs), ("GET", blob, 206, front.parts),
        ]
        for row in rows where row.counter.value > 0 {
            let request = ServerMetrics.Request(method: row.method, route: row.route, status: row.status)
            requests[request, default: 0] += row.counter.value
        }
        for (route, more) in [(page, front.pageDurations), (blob, front.blobDurations)] {
            var all = durations[route] ?? ServerMetrics.Durations()
            more.add(to: &all)
            if all.counts.contains(where: { $0 > 0 }) { durations[route] = all }
        }
    }
}
