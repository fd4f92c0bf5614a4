// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// Why a text is no name of a repository.
///
/// W101.
package struct RepositoryNameError: CodedError, Hashable {
    /// What was read.
    package let text: String
    let reason: String

    package var code: ErrorCode { .invalidSource }
    package var message: String { "`\(PrintableText(text, limit: 200))` is no name of a repository: \(reason)" }
    package var hints: [String] { ["a repository looks like `pi` or `iiidev/python`"] }
}
