// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel
import YAMLText

/// `iii.lock`: which version of which worker, with which bytes.
///
/// Format 1. What this program adds to it (`selector:`, `registry:` and `notes:` of a worker) are keys that older readers
/// pass over;
/// keys that this program does not know are kept, so that it undoes nothing that a newer one wrote.
package struct Lockfile: Sendable, Hashable {
    package static let fileName = "iii.lock"
    /// The largest file that is read.
    package static let maximumSize = ByteCount.mebibytes(8)
    static let format = 1
    static let rules = YAMLRules.strict(upTo: Int(maximumSize.bytes), depth: 64, nodes: 1_000_000)

    package var manifest: LockedManifest
    package var workers: [WorkerName: LockedWorker]
    var extras: [YAMLValue.Member] = []

    package init(manifest: LockedManifest = .none, workers: [WorkerName: LockedWorker] = [:]) {
        self.manifest = manifest
        self.workers = workers
    }

    /// Whether nothing at all would be lost without the file.
    package var isEmpty: Bool { workers.isEmpty && manifest == .none && extras.isEmpty }
}
