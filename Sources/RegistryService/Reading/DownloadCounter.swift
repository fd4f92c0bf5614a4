// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Synchronization
import WorkerModel

/// Counts downloads in memory and writes them down together.
///
/// A transaction for each download would make reading as slow as writing. What was counted since the last `flush` is
/// lost when the program dies.
package final class DownloadCounter: Sendable {
    private struct Key: Hashable {
        let worker: WorkerName
        let version: SemanticVersion
        let day: Day
        let isCI: Bool
    }

    private let store: any RegistryStore
    private let surroundings: Surroundings
    private let counts = Mutex<[Key: Int64]>([:])

    init(store: any RegistryStore, surroundings: Surroundings) {
        self.store = store
        self.surroundings = surroundings
    }

    func count(_ worker: WorkerName, _ version: SemanticVersion, isCI: Bool) {
        let key = Key(worker: worker, version: version, day: surroundings.now().day, isCI: isCI)
        counts.withLock { $0[key, default: 0] += 1 }
    }

    /// Everything that is not written down yet.
    package var unwritten: Int64 { counts.withLock { $0.values.reduce(0, +) } }

    /// Downloads of a worker that are not written down yet, CI left out.
    func pending(of worker: WorkerName) -> Int64 {
        counts.withLock { counts in
            counts.reduce(0) { $1.key.worker == worker && !$1.key.isCI ? $0 + $1.value : $0 }
        }
    }

    /// Downloads that are not written down yet by worker, CI left out.
    func pendingByWorker() -> [WorkerName: Int64] {
        counts.withLock { counts in
            counts.reduce(into: [:]) { sums, count in
                if !count.key.isCI { sums[count.key.worker, default: 0] += count.value }
            }
        }
    }

    /// Downloads of a version that are not written down yet, CI included.
    func pending(of worker: WorkerName, _ version: SemanticVersion) -> Int64 {
        counts.withLock { counts in
            counts.reduce(0) { $1.key.worker == worker && $1.key.version == version ? $0 + $1.value : $0 }
        }
    }

    /// Downloads of a worker that are not written down yet, each version and day apart.
    func pendingCounts(of worker: WorkerName) -> [DownloadCount] {
        counts.withLock { counts in
            counts.filter { $0.key.worker == worker }.map { key, count in
                DownloadCount(worker: worker, version: key.version, day: key.day, isCI: key.isCI, count: count)
            }
        }
    }

    /// Writes down what was counted, in one transaction.
    ///
    /// - Throws: what the store throws; the counts are kept for the next time.
    package func flush() async throws {
        let counted = counts.withLock { $0 }
        if counted.isEmpty { return }
        try await store.write { session in
            for (key, count) in counted {
                let download = DownloadCount(
                    worker: key.worker,
                    version: key.version,
                    day: key.day,
                    isCI: key.isCI,
                    count: count
                )
                do {
                    try session.countDownload(download)
                } catch RegistryStorageError.versionNotFound {
                    // The version was removed since: nobody asks for its count.
                }
            }
        }
        counts.withLock { counts in
            for (key, count) in counted {
                let rest = counts[key, default: 0] - count
                counts[key] = rest > 0 ? rest : nil
            }
        }
    }
}
