// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics

/// What a registry says of a version to those who use it: that it was yanked or is deprecated, why, and what to use instead.
package struct VersionNote: Sendable, Hashable {
    package static let yanked = "yanked"
    package static let deprecated = "deprecated"
    /// The most letters of a message that are kept.
    private static let longest = 500

    /// `yanked`, `deprecated`; registries may know more.
    package let code: String
    /// What the publisher wrote, safe to print and of a bounded length; may be empty.
    package let message: String
    package let replacement: WorkerName?

    package init(code: String, message: String, replacement: WorkerName? = nil) {
        self.code = PrintableText(code, limit: 40).description
        self.message = PrintableText(message, limit: Self.longest).description
        self.replacement = replacement
    }
}

extension VersionNote: CustomStringConvertible {
    /// `yanked: loses data`, ``deprecated: no longer kept up; use `text-numbers` instead``.
    package var description: String {
        let said = message.isEmpty ? code : "\(code): \(message)"
        return replacement.map { "\(said); use `\($0)` instead" } ?? said
    }

    /// The note as a sentence about a version: `text-stats 1.2.0 is yanked: loses data`.
    package func sentence(about name: WorkerName, _ version: String) -> String {
        let isKnown = [Self.yanked, Self.deprecated].contains(code)
        return "\(name) \(version)\(isKnown ? " is" : ":") \(self)"
    }
}

extension [VersionNote] {
    /// As they stand in one cell of a table.
    package var cell: String { map(\.description).joined(separator: "; ") }
}
