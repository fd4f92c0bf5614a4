// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// An error that a user can look up: a published code, one sentence, what to do next, and what lay behind it.
///
/// Cases carry data (paths, digests, limits); `message` is where the sentence is made. A message is lower case, has no
/// full stop, names the thing that failed, and holds no credential.
package protocol CodedError: Error, CustomStringConvertible {
    /// The published code, see `docs/errors.md`.
    var code: ErrorCode { get }
    /// One line for a person.
    var message: String { get }
    /// The next steps, most useful first. Empty where there is none to name.
    var hints: [String] { get }
    /// What lay behind this error, shown below it.
    var cause: (any Error)? { get }
    /// Values of the error for machines, as `--json` prints them.
    var details: [(key: String, value: String)] { get }
}

extension CodedError {
    package var hints: [String] { [] }
    package var cause: (any Error)? { nil }
    package var details: [(key: String, value: String)] { [] }
    package var description: String { "[\(code.rawValue)] \(message)" }
}
