// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import SourceFolders
package import SystemPackage
package import WorkerModel

/// Why a folder is not packed.
///
/// W190.
package enum PackingError: CodedError {
    /// What is neither file nor folder.
    package struct UnpackableEntry: Hashable, Sendable {
        package let path: String
        package let isLink: Bool
    }

    /// A file that seems to hold a secret.
    package struct Secret: Hashable, Sendable {
        package let path: String
        /// As it reads behind "seems to hold".
        package let what: String
        /// Counts from 1; nil where the name of the file tells it.
        package let line: Int?
    }

    /// More than an archive may hold, and what takes the most of it.
    package enum Excess: Hashable, Sendable {
        case files(Int, limit: Int, most: [String])
        case size(ByteCount, limit: ByteCount, most: [String])
        case file([String], limit: ByteCount)
        case depth([String], limit: Int)
        /// Packed it is larger than an archive may be.
        case archive(limit: ByteCount, most: [String])
    }

    /// Why a file is not packed.
    package enum Absence: Hashable, Sendable {
        case notThere
        /// By its name, whatever the rules say.
        case neverPacked
        /// A rule names it, or the folder `entry` that it is in.
        case ignored(by: IgnoreRules.Decision, entry: String, remedy: String)
    }

    /// With the rule that leaves out all of it, where there is one.
    case nothingToPack(FilePath, ignoring: IgnoreRules.Decision?)
    case unpackable([UnpackableEntry])
    case secrets([Secret])
    /// A path was allowed to hold a secret, and is not among the files.
    case allowedSecretNotPacked(String)
    case overLimits([Excess])
    /// The start command names a file that is not among those to be packed.
    case startNotPacked(String, Absence)

    /// The most files that one message names.
    private static let named = 20

    package var code: ErrorCode { .packingRefused }

    package var message: String {
        switch self {
        case .nothingToPack(let folder, _): "`\(folder.string.printable)` has no files to pack"
        case .unpackable(let entries): Self.listed(entries.map(\.sentence))
        case .secrets(let secrets): Self.listed(secrets.map(\.sentence)) + "; nothing was packed"
        case .allowedSecretNotPacked(let path):
            "`--allow-secret \(path.printable)` names no file that would be packed"
        case .overLimits(let excesses): Self.listed(excesses.map(\.sentence))
        case .startNotPacked(let file, .notThere): "`scripts.start` runs `\(file.printable)`, which is not there"
        case .startNotPacked(let file, .neverPacked):
            "`scripts.start` runs `\(file.printable)`, which is never packed because of its name"
        case .startNotPacked(let file, .ignored(let rule, let entry, _)):
            "`scripts.start` runs `\(file.printable)`, which is not packed: the rule `\(rule.rule.printable)` in line "
                + "\(rule.line) of `\(rule.file.string.printable)` leaves out `\(entry.printable)`"
        }
    }

    private static func listed(_ sentences: [String]) -> String {
        let shown = sentences.prefix(named).joined(separator: "; ")
        return sentences.count > named ? "\(shown); and \(sentences.count - named) more" : shown
    }

    package var hints: [String] {
        switch self {
        case .nothingToPack(_, let rule):
            if let rule {
                [
                    "the rule `\(rule.rule.printable)` in line \(rule.line) of `\(rule.file.string.printable)` leaves it out"
                ]
            } else {
                ["check the path and the rules in `.iiiignore` or `.gitignore`"]
            }
        case .unpackable(let entries):
            entries.contains(where: \.isLink)
                ? ["put the file itself in place of a link, or leave it out with a line in `.iiiignore`"]
                : ["leave it out with a line in `.iiiignore`"]
        case .secrets(let secrets):
            [
                "leave \(secrets.count == 1 ? "it" : "them") out with a line in `.iiiignore`, or pass "
                    + Set(secrets.map(\.path)).sorted().prefix(Self.named).map { "`--allow-secret \($0.printable)`" }
                    .joined(separator: " ")
                    + " if \(secrets.count == 1 ? "it is" : "they are") meant to be public"
            ]
        case .allowedSecretNotPacked: ["write the path as `iii worker pack --list` shows it"]
        case .startNotPacked(_, .ignored(_, _, let remedy)): [remedy]
        case .startNotPacked(_, .neverPacked): ["rename the file"]
        case .startNotPacked(_, .notThere):
            [
                "build it first, or correct `scripts.start`; `--allow-missing-start` publishes a worker that makes the file "
                    + "when it starts"
            ]
        case .overLimits: ["leave out what the worker does not need with lines in `.iiiignore`"]
        }
    }

    package var details: [(key: String, value: String)] {
        switch self {
        case .secrets(let secrets): secrets.map { ($0.path, $0.what) }
        case .unpackable(let entries): entries.map { ($0.path, $0.isLink ? "link" : "special") }
        case .startNotPacked(let file, _): [("file", file)]
        case .nothingToPack, .allowedSecretNotPacked, .overLimits: []
        }
    }
}

extension PackingError.UnpackableEntry {
    var sentence: String {
        isLink
            ? "`\(path.printable)` is a symbolic link, which an archive of a worker cannot hold"
            : "`\(path.printable)` is neither a file nor a folder"
    }
}

extension PackingError.Secret {
    var sentence: String { "`\(path.printable)` seems to hold \(what)" + (line.map { " (line \($0))" } ?? "") }
}

extension PackingError.Excess {
    var sentence: String {
        switch self {
        case .files(let count, let limit, let most):
            "there are \(count) files to pack, and an archive holds \(limit) at most (\(most.joined(separator: ", ")))"
        case .size(let total, let limit, let most):
            "the files to pack are \(total), and an archive holds \(limit) at most (\(most.joined(separator: ", ")))"
        case .file(let files, let limit):
            "no file may be larger than \(limit) (\(files.joined(separator: ", ")))"
        case .depth(let paths, let limit):
            "no path may have more than \(limit) levels ("
                + paths.map { "`\($0.printable)`" }.joined(separator: ", ") + ")"
        case .archive(let limit, let most):
            "the archive is larger than \(limit) (\(most.joined(separator: ", ")))"
        }
    }
}
