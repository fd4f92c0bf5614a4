// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Synchronization
import WorkerModel

/// Indexes that were read before, each good for one state of its worker.
///
/// A worker's revision goes up with every committed change, so an index that was read at the same revision is the same.
final class IndexCache: Sendable {
    /// A state of a worker's row.
    ///
    /// Row numbers are never used again, so that a state never returns.
    struct State: Hashable, Sendable {
        let worker: Int64
        let revision: Int64
    }

    private struct Kept {
        var indexes: [WorkerName: (state: State, index: WorkerIndex)] = [:]
        var entries = 0
    }

    /// The most versions that are kept, over all indexes: some 100 MB of the largest indexes.
    private let capacity: Int
    private let kept = Mutex(Kept())

    init(capacity: Int = 200_000) { self.capacity = capacity }

    func index(of worker: WorkerName, in state: State) -> WorkerIndex? {
        kept.withLock { kept in
            guard let found = kept.indexes[worker], found.state == state else { return nil }
            return found.index
        }
    }

    /// Keeps an index in place of an older one; when there is no more room, all others are forgotten.
    func keep(_ index: WorkerIndex, in state: State) {
        guard index.entries.count <= capacity else { return }
        kept.withLock { kept in
            // A reader of an older snapshot must not put back what is outdated.
            if let found = kept.indexes[index.name], found.state.revision > state.revision { return }
            kept.entries -= kept.indexes[index.name]?.index.entries.count ?? 0
            if kept.entries + index.entries.count > capacity { kept = Kept() }
            kept.indexes[index.name] = (state, index)
            kept.entries += index.entries.count
        }
    }
}
