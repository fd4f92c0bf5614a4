// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import WorkerModel

/// Why a registry's graph is not installed: W184 for a shape that makes no sense, W183 for one that is too large.
package enum DependencyGraphError: CodedError, Hashable {
    package enum Dimension: String, Hashable, Sendable {
        case depth
        case workers
    }

    case duplicateWorker(WorkerName)
    case missingRoot(WorkerName)
    case undeclaredWorker(WorkerName, in: DependencyEdge)
    case unreachable([WorkerName], roots: [WorkerName])
    /// The first name is repeated at the end.
    case cycle([WorkerName])
    case exceeded(Dimension, limit: Int, actual: Int)

    package var code: ErrorCode {
        switch self {
        case .duplicateWorker, .missingRoot, .undeclaredWorker, .unreachable, .cycle: .graphInvalid
        case .exceeded: .graphExceeded
        }
    }

    package var message: String {
        switch self {
        case .duplicateWorker(let name): "the dependency graph has the worker `\(name)` twice"
        case .missingRoot(let name): "the dependency graph lacks the worker `\(name)` that it was asked for"
        case .undeclaredWorker(let name, let edge):
            "the dependency graph has an edge from `\(edge.from)` to `\(edge.to)`, but no worker `\(name)`"
        case .unreachable(let names, let roots):
            "the dependency graph has workers that \(Self.list(roots)) does not need: \(Self.list(names))"
        case .cycle(let names):
            "the dependency graph has a cycle: \(names.map(\.description).joined(separator: " -> "))"
        case .exceeded(.depth, let limit, let actual):
            "the dependency graph is \(actual) levels deep, more than the limit of \(limit)"
        case .exceeded(.workers, let limit, let actual):
            "the dependency graph has \(actual) workers besides the one that was asked for, more than the limit of \(limit)"
        }
    }

    package var hints: [String] {
        switch self {
        case .exceeded(.depth, _, let actual):
            ["look at what would be installed, then allow it with `--max-depth \(actual)`"]
        case .exceeded(.workers, _, let actual):
            ["look at what would be installed, then allow it with `--max-workers \(actual)`"]
        case .cycle: ["tell the publisher of one of these workers: a worker cannot need itself"]
        case .duplicateWorker, .missingRoot, .undeclaredWorker, .unreachable:
            ["the registry's answer is at fault: tell whoever runs it"]
        }
    }

    package var details: [(key: String, value: String)] {
        switch self {
        case .exceeded(let dimension, let limit, let actual):
            [("dimension", dimension.rawValue), ("limit", "\(limit)"), ("actual", "\(actual)")]
        default: [("reason", message)]
        }
    }

    /// At most ten names, since a hostile answer can hold thousands.
    private static func list(_ names: [WorkerName]) -> String {
        let shown = names.prefix(10).map { "`\($0)`" }.joined(separator: ", ")
        return names.count > 10 ? "\(shown) and \(names.count - 10) more" : shown
    }
}
