// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// Picks one version of a worker and of everything it needs.
///
/// The rules, which existing clients and published workers rely on:
/// 1. A range selects among stable versions that have been `latest` once and are not yanked. An exact version selects
///    any published version; a channel selects what it points to.
/// 2. One version of each worker: the highest that meets everything the graph asks of it.
/// 3. The walk is depth first in declared order, and greedy: no older version of a worker is tried because a newer one
///    asks for what cannot be had.
/// 4. Where a worker turns out to need another version than the one that was walked, the walk is done again, until
///    nothing changes. Only then does a failure count.
///
/// The same index and selector give the same graph or the same failure.
package struct Resolver {
    /// What a resolution may cost.
    package struct Limits: Hashable, Sendable {
        /// Workers that are looked up.
        package var workers: Int
        /// Edges that are followed, over all walks; beyond them, picks are taken not to settle.
        package var steps: Int

        package init(workers: Int = 1024, steps: Int = 100_000) {
            self.workers = workers
            self.steps = steps
        }
    }

    private let limits: Limits
    private let lookUp: (WorkerName) throws -> WorkerIndex?

    /// Takes a look-up that tells what is published of a worker, nil when nothing is.
    ///
    /// A resolution asks it once for each worker.
    package init(limits: Limits = Limits(), index: @escaping (WorkerName) throws -> WorkerIndex?) {
        self.limits = limits
        lookUp = index
    }

    /// Resolves a worker.
    ///
    /// `written` is the selector as the user wrote it, for messages.
    ///
    /// - Throws: `ResolutionFailure`, or what the index throws.
    package func resolve(
        _ root: WorkerName,
        _ selector: VersionSelector = .latest,
        written: String? = nil
    ) throws -> ResolvedGraph {
        var walk = ResolverWalk(root: root, limits: limits, index: lookUp)
        return try walk.resolve(selector, written: written ?? selector.description)
    }
}
