// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Synchronization
package import WorkerModel

/// Counts downloads of one version, from any thread, without a lock for each.
package final class DownloadTally: Sendable {
    package let worker: WorkerName
    package let version: SemanticVersion
    private let people = Atomic<Int64>(0)
    private let machines = Atomic<Int64>(0)
    /// Whether the counter knows that there is something to write down.
    private let isListed = Atomic<Bool>(false)
    private let counter: DownloadCounter

    init(_ worker: WorkerName, _ version: SemanticVersion, counter: DownloadCounter) {
        self.worker = worker
        self.version = version
        self.counter = counter
    }

    /// Counts one download; `isCI` says whether a machine of a CI service asked.
    package func add(isCI: Bool) {
        if isCI { machines.wrappingAdd(1, ordering: .relaxed) } else { people.wrappingAdd(1, ordering: .relaxed) }
        if !isListed.load(ordering: .relaxed) { list() }
    }

    /// What is not written down yet.
    func count(isCI: Bool) -> Int64 {
        isCI ? machines.load(ordering: .sequentiallyConsistent) : people.load(ordering: .sequentiallyConsistent)
    }

    /// Takes off what was written down.
    func subtract(_ count: Int64, isCI: Bool) {
        if isCI {
            machines.wrappingSubtract(count, ordering: .sequentiallyConsistent)
        } else {
            people.wrappingSubtract(count, ordering: .sequentiallyConsistent)
        }
    }

    /// Leaves the list, and comes back where something was counted meanwhile.
    func unlist() {
        isListed.store(false, ordering: .sequentiallyConsistent)
        if count(isCI: true) != 0 || count(isCI: false) != 0 { list() }
    }

    private func list() {
        if !isListed.exchange(true, ordering: .sequentiallyConsistent) { counter.list(self) }
    }
}
