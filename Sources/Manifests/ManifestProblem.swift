// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import WorkerModel

/// One thing in a manifest that is wrong, or that its author should know.
package struct ManifestProblem: Sendable, Hashable {
    package enum Severity: String, Sendable, Hashable {
        case error
        case warning
    }

    /// Where a field stands; lines and columns count from 1.
    package struct Place: Sendable, Hashable, Comparable {
        package let line: Int
        package let column: Int

        package static func < (left: Place, right: Place) -> Bool {
            (left.line, left.column) < (right.line, right.column)
        }
    }

    /// What is wrong with the field.
    package enum Reason: Sendable, Hashable {
        case unknownKey
        case wrongType(expected: String, found: String, advice: String?)
        case keyNotText
        case missing
        case forbiddenInBundle
        case nameMismatch(expected: WorkerName, found: WorkerName)
        case versionMismatch(expected: SemanticVersion, found: SemanticVersion)
        case invalidName(WorkerNameError)
        case invalidVersion(VersionError)
        /// Something like a version, and what it may have been meant to be.
        case incompleteVersion(String, meant: SemanticVersion)
        case invalidTarget(TargetTripleError)
        /// A target that no compiler names.
        case unknownTarget(TargetTriple)
        /// The repository is no address that a browser opens; what may be meant.
        case notWebAddress(String, meant: String?)
        case invalidDeploy(String)
        case invalidPath(String)
        case outOfRange(minimum: Int, maximum: Int?)
        case clamped(requested: Int, to: Int)
        case reservedVariable
        case unusableVariable
        case dependsOnItself
        case unknownRuntime(String)
        case undeterminedRuntime
        case numberWithoutJSON(String)
        case nulCharacter
        case invalidCall(CallPatternError)
        case tooMany(limit: Int)
        case elsewhere
    }

    package var severity: Severity
    /// The dotted path of the field: `scripts.start`, `tags[1]`.
    package let path: String
    /// Nil for a field that is not there.
    package let place: Place?
    package let reason: Reason

    init(_ severity: Severity, _ path: String, _ place: Place?, _ reason: Reason) {
        self.severity = severity
        self.path = PrintableText(path, limit: 200).description
        self.place = place
        self.reason = reason
    }

    /// The code of a warning that has one of its own.
    package var code: ErrorCode? { if case .clamped = reason { .bundleResourceClamped } else { nil } }
}

extension ManifestProblem {
    /// The whole sentence: ``line 3: `env.PORT` must be text, not a whole number: write "8080"``.
    package var message: String {
        (place.map { "line \($0.line): " } ?? "") + "`\(path)` \(sentence)"
    }

    /// What is wrong, as the end of a sentence that begins with the field.
    package var sentence: String {
        switch reason {
        case .unknownKey: "is not a known key" + (meantKeys.map { ": did you mean \($0)?" } ?? "")
        case .wrongType(let expected, let found, let advice):
            "must be \(expected), not \(found)" + (advice.map { ": \($0)" } ?? "")
        case .keyNotText: "has a key that is not text: put it in quotes"
        case .missing: "is missing"
        case .forbiddenInBundle: "cannot be used in a bundle"
        case .nameMismatch(let expected, let found): "is `\(found)`, but `\(expected)` was asked for"
        case .versionMismatch(let expected, let found): "is \(found), but this is version \(expected)"
        case .invalidName(let error): "is no worker name: \(error.message)"
        case .invalidVersion(let error): "cannot be read: \(error.message)"
        case .incompleteVersion(let text, let meant):
            "is `\(Self.shown(text))`, and a version has three numbers: write \(meant)"
        case .invalidTarget(let error): "cannot be read: \(error.message)"
        case .unknownTarget(let target):
            "names `\(target)`, which is not a target that is known"
                + (target.meant.isEmpty
                    ? "" : ": did you mean \(target.meant.prefix(2).map { "`\($0)`" }.joined(separator: " or "))?")
        case .notWebAddress(let text, let meant):
            "is `\(Self.shown(text))`, but must begin with https:// or http://"
                + (meant.map { ": write \(Self.shown($0))" } ?? "")
        case .invalidDeploy(let text):
            "is `\(Self.shown(text))`, but must be `bundle`, `binary` or `image`"
        case .invalidPath(let text): "is `\(Self.shown(text))`, but must be a path inside the worker's folder"
        case .outOfRange(let minimum, let maximum):
            maximum.map { "must be between \(minimum) and \($0)" } ?? "must be at least \(minimum)"
        case .clamped(let requested, let cap): "asks for \(requested), and gets \(cap), the most that a bundle gets"
        case .reservedVariable: "is set by `iii` itself and is ignored"
        case .unusableVariable: "is ignored: a variable's name has letters, digits and `_`, and begins with no digit"
        case .dependsOnItself: "is the worker itself"
        case .unknownRuntime(let kind):
            "is `\(Self.shown(kind))`, which a bundle cannot run on: use python, node or bun"
        case .undeterminedRuntime: "is missing, and the start command does not tell it: use python, node or bun"
        case .numberWithoutJSON(let text): "is `\(Self.shown(text))`, which has no form in JSON"
        case .nulCharacter: "holds a NUL character"
        case .invalidCall(let error): "names no functions: \(error.reason)"
        case .elsewhere: "is part of another engine: with this one the worker waits for it"
        case .tooMany(let limit): "has more than \(limit) entries"
        }
    }

    /// The known keys that may be meant by an unknown one: those that are written alike in the same map, else one of this
    /// name in another.
    var meantKeys: String? {
        let parts = path.split(separator: ".", omittingEmptySubsequences: false)
        let lead = parts.dropLast().map { $0 + "." }.joined()
        let known = WorkerManifest.knownKeys.sorted()
        let siblings = known.filter { $0.hasPrefix(lead) && !$0.dropFirst(lead.count).contains(".") }
        let like = Likeness.nearest(
            to: String(parts.last ?? ""),
            among: siblings.map { String($0.dropFirst(lead.count)) }
        )
        .map { lead + $0 }
        let elsewhere = known.filter { $0.split(separator: ".").last == parts.last }
        let found = (like.isEmpty ? elsewhere : like).prefix(2).map { "`\($0)`" }
        return found.isEmpty ? nil : found.joined(separator: " or ")
    }

    private static func shown(_ text: String) -> String { PrintableText(text, limit: 80).description }
}

extension ManifestProblem.Reason {
    var isUnknownTarget: Bool { if case .unknownTarget = self { true } else { false } }
}

extension [ManifestProblem] {
    /// Those without a place first, then by line and column.
    var inTextOrder: [ManifestProblem] {
        enumerated().sorted { left, right in
            let places = (left.element.place, right.element.place)
            return switch places {
            case (let first?, let second?) where first != second: first < second
            case (nil, .some): true
            case (.some, nil): false
            default: left.offset < right.offset
            }
        }.map(\.element)
    }
}
