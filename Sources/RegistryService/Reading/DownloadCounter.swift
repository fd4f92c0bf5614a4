// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Synchronization
import WorkerModel

/// Counts downloads in memory and writes them down together.
///
/// A transaction for each download would make reading as slow as writing. What was counted since the last `flush` is
/// lost when the program dies. A download counts for the day on which it is written down, moments later.
package final class DownloadCounter: Sendable {
    private struct Key: Hashable {
        let worker: WorkerName
        let version: SemanticVersion
        let isCI: Bool
    }

    private let store: any RegistryStore
    private let surroundings: Surroundings
    /// Those that have counted something since they were written down.
    private let listed = Mutex<[DownloadTally]>([])
    private let isFlushing = Atomic<Bool>(false)

    init(store: any RegistryStore, surroundings: Surroundings) {
        self.store = store
        self.surroundings = surroundings
    }

    /// Somewhere to count downloads of a version; any number of them count together.
    func tally(_ worker: WorkerName, _ version: SemanticVersion) -> DownloadTally {
        DownloadTally(worker, version, counter: self)
    }

    func list(_ tally: DownloadTally) { listed.withLock { $0.append(tally) } }

    /// Everything that is not written down yet.
    package var unwritten: Int64 { counts().values.reduce(0, +) }

    /// Downloads of a worker that are not written down yet, CI left out.
    func pending(of worker: WorkerName) -> Int64 {
        counts { $0.worker == worker }.reduce(0) { $1.key.isCI ? $0 : $0 + $1.value }
    }

    /// Downloads that are not written down yet by worker, CI left out.
    func pendingByWorker() -> [WorkerName: Int64] {
        counts().reduce(into: [:]) { sums, count in
            if !count.key.isCI { sums[count.key.worker, default: 0] += count.value }
        }
    }

    /// Downloads of a version that are not written down yet, CI included.
    func pending(of worker: WorkerName, _ version: SemanticVersion) -> Int64 {
        counts { $0.worker == worker && $0.version == version }.values.reduce(0, +)
    }

    /// Downloads of a worker that are not written down yet, each version and day apart.
    func pendingCounts(of worker: WorkerName) -> [DownloadCount] {
        downloads(counts { $0.worker == worker })
    }

    /// Writes down what was counted, in one transaction; does nothing while another call does.
    ///
    /// - Throws: what the store throws; the counts are kept for the next time.
    package func flush() async throws {
        if isFlushing.exchange(true, ordering: .sequentiallyConsistent) { return }
        defer { isFlushing.store(false, ordering: .sequentiallyConsistent) }
        let tallies = listed.withLock { $0 }
        if tallies.isEmpty { return }
        let counted = tallies.map { (tally: $0, people: $0.count(isCI: false), machines: $0.count(isCI: true)) }
        var counts: [Key: Int64] = [:]
        for (tally, people, machines) in counted {
            counts[Key(worker: tally.worker, version: tally.version, isCI: false), default: 0] += people
            counts[Key(worker: tally.worker, version: tally.version, isCI: true), default: 0] += machines
        }
        let downloads = downloads(counts)
        try await store.write { session in
            for download in downloads {
                do {
                    try session.countDownload(download)
                } catch RegistryStorageError.versionNotFound {
                    // The version was removed since: nobody asks for its count.
                }
            }
        }
        // Nobody but this takes tallies from the list, so those that were counted are still its first.
        listed.withLock { $0.removeFirst(tallies.count) }
        for (tally, people, machines) in counted {
            tally.subtract(people, isCI: false)
            tally.subtract(machines, isCI: true)
            tally.unlist()
        }
    }

    private func counts(where isMeant: (DownloadTally) -> Bool = { _ in true }) -> [Key: Int64] {
        var counts: [Key: Int64] = [:]
        for tally in listed.withLock({ $0 }) where isMeant(tally) {
            for isCI in [false, true] {
                let key = Key(worker: tally.worker, version: tally.version, isCI: isCI)
                counts[key, default: 0] += tally.count(isCI: isCI)
            }
        }
        return counts
    }

    private func downloads(_ counts: [Key: Int64]) -> [DownloadCount] {
        let today = surroundings.now().day
        return counts.filter { $0.value != 0 }.map { key, count in
            DownloadCount(worker: key.worker, version: key.version, day: today, isCI: key.isCI, count: count)
        }
    }
}
