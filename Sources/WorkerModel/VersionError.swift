// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// Why a text is no version, no range, no channel or no selector.
///
/// W106.
package struct VersionError: CodedError, Hashable {
    /// What was being read.
    package enum Subject: String, Hashable, Sendable {
        case version
        case range = "version range"
        case channel
        case selector = "version selector"
    }

    package let subject: Subject
    package let text: String
    /// Where it stopped making sense, counted in characters from 1.
    package let position: Int
    /// What was wrong there, as the end of a sentence.
    package let reason: String

    package var code: ErrorCode { .invalidVersion }
    package var message: String {
        "`\(PrintableText(text, limit: 80))` is not a \(subject.rawValue): \(reason) at position \(position)"
    }
    package var hints: [String] {
        switch subject {
        case .version: ["a version has three numbers, such as `1.4.0` or `1.4.0-rc.2`"]
        case .range, .selector:
            ["use an exact version (`1.4.0`), a range (`^1.4`, `~1.4.2`, `>=1 <2`, `1.x`) or a channel (`latest`)"]
        case .channel:
            ["a channel starts with a lower-case letter and has letters, digits, `.`, `_` and `-`, such as `next`"]
        }
    }
}
