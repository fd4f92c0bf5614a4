// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import WorkerModel

/// `NAME@VERSION` on a command line, where exactly one version is meant.
struct VersionArgument: Sendable {
    let name: WorkerName
    let version: SemanticVersion

    /// - Throws: `VersionNeeded` where there is no exact version, what the source says of a malformed one.
    init(_ text: String) throws {
        guard case .registry(let name, .exact(let version)) = try WorkerSource(parsing: text) else {
            throw VersionNeeded(text: text)
        }
        self.name = name
        self.version = version
    }
}

/// A command that is about one version was given none, or a range.
struct VersionNeeded: CodedError {
    let text: String

    var code: ErrorCode { .invalidSource }
    var message: String { "`\(text.printable)` does not name one version" }
    var hints: [String] { ["write `NAME@1.2.3`; `iii worker info NAME --versions` shows what there is"] }
}
