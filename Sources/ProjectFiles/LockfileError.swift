// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import WorkerModel
package import YAMLText

/// Why `iii.lock` cannot be read, or may not be written.
///
/// The path is for the caller to add. W151.
package enum LockfileError: CodedError {
    /// The rule that is broken at a place.
    package enum Rule: Sendable, Hashable {
        case newerFormat(Int)
        case unknownFormat(Int)
        case malformedHash(String)
        case declaredWithoutHash
        case hashMismatch(found: ManifestHash, computed: ManifestHash)
        case invalidName(WorkerNameError)
        case invalidRange(VersionError)
        case invalidTarget(TargetTripleError)
        case invalidDigest(String)
        case blank
        case unknownType(String)
        case engineWithSource
        case kindMismatch(type: WorkerKind, found: String)
        case noArtifacts
        case imageWithoutDigest(String)
    }

    /// More bytes than a lock file can have.
    case tooLarge(limit: ByteCount)
    /// A folder, a pipe or a device has its name.
    case notAFile
    /// A merge has left two versions in the file.
    case mergeConflict(line: Int)
    case syntax(YAMLError)
    case shape(YAMLShapeError)
    /// The position is nil where a value in memory, not a text, breaks the rule.
    case broken(path: String, position: YAMLPosition?, Rule)

    package var code: ErrorCode { .lockfileInvalid }

    package var message: String {
        switch self {
        case .tooLarge(let limit): "it is larger than \(limit), more than any lock file has"
        case .notAFile: "it is a folder, a pipe or a device, not a file"
        case .mergeConflict(let line): "line \(line) begins a merge conflict: two versions are in the file"
        case .syntax(let error): error.message
        case .shape(let error): error.message
        case .broken(let path, let position, let rule):
            "`\(PrintableText(path, limit: 200))`" + (position.map { " at \($0)" } ?? "") + " \(rule.sentence)"
        }
    }

    package var hints: [String] {
        switch self {
        case .mergeConflict:
            ["`iii worker sync --resolve` keeps what both agree on, and locks the rest anew"]
        case .broken(_, _, .newerFormat):
            ["update `iii`: this project was locked by a newer version of it"]
        case .broken(_, _, .hashMismatch), .broken(_, _, .declaredWithoutHash), .tooLarge, .notAFile, .syntax, .shape,
            .broken:
            [
                "restore the file from version control, or delete it and run `iii worker add` for the workers of the project"
            ]
        }
    }

    package var details: [(key: String, value: String)] {
        switch self {
        case .tooLarge(let limit): [("limit", String(limit.bytes))]
        case .notAFile: []
        case .mergeConflict(let line): [("line", String(line))]
        case .syntax(let error): error.details
        case .shape(let error): error.details
        case .broken(let path, let position, let rule):
            [("path", path), ("reason", rule.sentence)] + (position.map { [("line", String($0.line))] } ?? [])
        }
    }
}

extension LockfileError.Rule {
    /// What is wrong, as the end of a sentence that begins with the place.
    var sentence: String {
        switch self {
        case .newerFormat(let version): "is format \(version), and this `iii` reads format 1"
        case .unknownFormat(let version): "is format \(version), which there is not"
        case .malformedHash(let text):
            "is `\(PrintableText(text, limit: 100))`, but must be `sha256:v1:` and 64 lower-case hexadecimal digits"
        case .declaredWithoutHash: "is there without `manifest_hash`"
        case .hashMismatch(let found, let computed):
            "is \(found), but the declared dependencies have \(computed)"
        case .invalidName(let error): "is no worker name: \(error.message)"
        case .invalidRange(let error): "cannot be read: \(error.message)"
        case .invalidTarget(let error): "cannot be read: \(error.message)"
        case .invalidDigest(let text):
            "is `\(PrintableText(text, limit: 100))`, but must be 64 hexadecimal digits"
        case .blank: "is blank"
        case .unknownType(let text):
            "is `\(PrintableText(text, limit: 40))`, but must be `engine`, `binary`, `image` or `bundle`"
        case .engineWithSource: "is there, but workers of the engine have none"
        case .kindMismatch(let type, let found):
            "is `\(PrintableText(found, limit: 40))`, but the worker's type is `\(type.rawValue)`"
        case .noArtifacts: "names no artifact"
        case .imageWithoutDigest(let reference): "is `\(PrintableText(reference, limit: 200))`, which has no digest"
        }
    }
}
