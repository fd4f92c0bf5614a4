// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import WorkerModel

/// Why a worker does not resolve: where in the graph, what was asked for there, and what there is.
package struct ResolutionFailure: CodedError, Hashable {
    package enum Reason: Hashable, Sendable {
        case workerNotFound
        /// Nothing fits the last of the requested selectors, whatever the others ask for.
        case versionNotFound
        /// Each requested selector fits something, all of them together nothing.
        case versionConflict
        case dependencyCycle
        /// The graph has more workers than the resolver looks at.
        case tooManyWorkers(limit: Int)
        /// Picks that depend on each other in a circle did not come to rest.
        case unsettled
    }

    /// What one worker asks of the disputed one.
    package struct Need: Hashable, Sendable {
        /// The selector as it was written.
        package let range: String
        /// From the root to the disputed worker, through the one that asks.
        package let path: [WorkerName]
    }

    package let reason: Reason
    package let worker: WorkerName
    /// What is asked of `worker`, as written, in the order in which the graph was walked, without repetitions.
    package let requested: [String]
    /// With `versionConflict`, everything that is asked of `worker`, in the order in which the graph was walked.
    package let needs: [Need]
    /// From the root to `worker`, along the edge that failed.
    ///
    /// For a cycle, the last name occurs twice.
    package let dependencyPath: [WorkerName]
    /// The versions of `worker` that a range can select, highest first; every version where there is none of these.
    package let available: [SemanticVersion]
    /// Whether `available` holds what only an exact version or a channel selects: what is yanked, a prerelease, or never was `latest`.
    package let isByNameOnly: Bool

    /// Whether it is the root that failed, not one of its dependencies.
    package var isRoot: Bool { dependencyPath.count == 1 }

    /// The path as answers hold it: `a -> b -> c`.
    package var dependencyPathText: String { Self.text(of: dependencyPath) }

    fileprivate static func text(of path: [WorkerName]) -> String {
        path.map(\.description).joined(separator: " -> ")
    }

    package var code: ErrorCode {
        switch reason {
        case .workerNotFound: .workerNotFound
        case .versionNotFound: .versionNotFound
        case .versionConflict, .unsettled: .versionConflict
        case .dependencyCycle: .graphInvalid
        case .tooManyWorkers: .graphExceeded
        }
    }
}

extension ResolutionFailure {
    /// How many versions a hint recites.
    private static let recited = 5
    /// How many sides of a conflict the message names.
    private static let listed = 20

    package var message: String {
        let needed = isRoot ? "" : ", needed along \(dependencyPathText),"
        switch reason {
        case .workerNotFound: return "the worker `\(worker)`\(needed) is not in the registry"
        case .versionNotFound: return "no version of `\(worker)`\(needed) matches \(requestedText)"
        case .versionConflict: return "no version of `\(worker)` matches \(requestedText) together: \(needsText)"
        case .dependencyCycle: return "the dependencies form a cycle: \(dependencyPathText)"
        case .tooManyWorkers(let limit): return "`\(dependencyPath[0])` needs more than \(limit) workers"
        case .unsettled: return "the versions that `\(dependencyPath[0])` needs do not settle, last of `\(worker)`"
        }
    }

    package var hints: [String] {
        switch reason {
        case .workerNotFound:
            isRoot ? ["check the name"] : ["publish `\(worker)`, or remove it from the dependencies of `\(requirer)`"]
        case .versionNotFound, .versionConflict: [availableText]
        case .dependencyCycle: ["remove one of these dependencies, and publish that worker again"]
        case .tooManyWorkers, .unsettled: ["depend on fewer workers, or on exact versions"]
        }
    }

    /// The worker at the near end of the edge that failed.
    private var requirer: WorkerName { isRoot ? worker : dependencyPath[dependencyPath.count - 2] }

    private var requestedText: String { requested.map(Self.shown).joined(separator: " and ") }

    private static func shown(_ range: String) -> String {
        "`\(PrintableText(range.isEmpty ? "*" : range, limit: 80))`"
    }

    /// ``  `^1` along a -> c, `^2` along a -> b -> c``.
    private var needsText: String {
        let clauses = needs.map { "\(Self.shown($0.range)) along \(Self.text(of: $0.path))" }
        let more = clauses.count > Self.listed ? ", and \(clauses.count - Self.listed) more" : ""
        return clauses.prefix(Self.listed).joined(separator: ", ") + more
    }

    private var availableText: String {
        if available.isEmpty { return "`\(worker)` has no published version" }
        let shown = available.prefix(Self.recited).map(\.description).joined(separator: ", ")
        let more = available.count > Self.recited ? " and \(available.count - Self.recited) older" : ""
        return isByNameOnly
            ? "yanked, a prerelease, or never `latest`, and to be named exactly: \(shown)\(more)"
            : "available versions of `\(worker)`: \(shown)\(more)"
    }
}
