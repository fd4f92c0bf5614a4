// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// Why an image cannot be read from where it is said to be.
///
/// W141.
package struct ImageSourceError: CodedError, Hashable {
    /// As its user wrote it.
    package let source: String
    /// The end of a sentence that begins with the source.
    package let reason: String
    private let hint: String?

    /// `reason` is the end of a sentence that begins with the source.
    package init(source: String, reason: String, hint: String? = nil) {
        self.source = source
        self.reason = reason
        self.hint = hint
    }

    /// W141.
    package var code: ErrorCode { .imagePull }
    /// The source with the reason.
    package var message: String { "cannot read the image `\(PrintableText(source, limit: 200))`: \(reason)" }
    /// What to do next.
    package var hints: [String] { hint.map { [$0] } ?? [] }
}
