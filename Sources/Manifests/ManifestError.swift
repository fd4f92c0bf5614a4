// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import YAMLText

/// Why a manifest is refused.
///
/// W131 for text that is not YAML, W180 for a manifest that is no good for a bundle, W132 for every other use.
package enum ManifestError: CodedError {
    /// What the manifest was checked for.
    package enum Use: String, Sendable, Hashable {
        case bundle
        case local = "local worker"
        case publishing = "published worker"
    }

    case syntax(YAMLError)
    /// The text is a list or a scalar, or says nothing at all.
    case notAMap(found: String)
    /// The problems that are errors for this use, in the order of the text; at least one.
    case rejected(Use, [ManifestProblem])

    package var code: ErrorCode {
        switch self {
        case .syntax, .notAMap: .configParse
        case .rejected(.bundle, _): .bundleManifestRejected
        case .rejected: .manifestRejected
        }
    }

    package var message: String {
        switch self {
        case .syntax(let error): "`\(WorkerManifest.fileName)` cannot be read: \(error.message)"
        case .notAMap(let found): "`\(WorkerManifest.fileName)` must be a map, and is \(found)"
        case .rejected(let use, let problems):
            "`\(WorkerManifest.fileName)` is not fit for a \(use.rawValue): \(Self.sentence(of: problems))"
        }
    }

    package var hints: [String] {
        switch self {
        case .syntax(let error): error.hints
        case .notAMap: ["begin with `name: NAME`"]
        case .rejected(_, let problems): problems.contains { $0.reason == .forbiddenInBundle } ? [Self.vendor] : []
        }
    }

    package var details: [(key: String, value: String)] {
        switch self {
        case .syntax(let error): error.details
        case .notAMap: []
        case .rejected(_, let problems):
            problems.first.map { [("field", $0.path), ("reason", $0.sentence)] } ?? []
        }
    }

    /// The problems behind the refusal, for answers that list them all.
    package var problems: [ManifestProblem] { if case .rejected(_, let problems) = self { problems } else { [] } }

    /// What is wrong, without the place.
    package var sentence: String {
        switch self {
        case .syntax(let error): "invalid YAML: \(error.reason)"
        case .notAMap(let found): "a manifest must be a map, and this is \(found)"
        case .rejected: message
        }
    }

    /// Where the text is at fault, for a text that could not be read.
    package var place: ManifestProblem.Place? {
        switch self {
        case .syntax(let error): ManifestProblem.Place(line: error.position.line, column: error.position.column)
        case .notAMap: ManifestProblem.Place(line: 1, column: 1)
        case .rejected(_, let problems): problems.first?.place
        }
    }

    private static let vendor =
        "a bundle brings all that it needs: vendor dependencies, and leave the base image to `iii`"

    /// Unknown keys in one clause, everything else in clauses of its own.
    private static func sentence(of problems: [ManifestProblem]) -> String {
        let unknown = problems.filter { $0.reason == .unknownKey }.map { problem in
            "`\(problem.path)`" + (problem.meantKeys.map { " (did you mean \($0)?)" } ?? "")
        }.sorted()
        var clauses = problems.filter { $0.reason != .unknownKey }.map(\.message)
        if !unknown.isEmpty {
            clauses.append((unknown.count == 1 ? "unknown key " : "unknown keys ") + joined(unknown, by: ", "))
        }
        return joined(clauses, by: "; ")
    }

    /// The first of the parts, and how many there are besides.
    private static func joined(_ parts: [String], by separator: String, limit: Int = 20) -> String {
        let shown = parts.prefix(limit).joined(separator: separator)
        return parts.count > limit ? "\(shown)\(separator)and \(parts.count - limit) more" : shown
    }
}
