// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A word that points to an image in its repository, and may be moved: `1.2.3`, `latest`.
package struct ImageTag: Hashable, Sendable, CustomStringConvertible {
    /// The tag as it was written: at most 128 letters, digits, `_`, `.` and `-`.
    package let description: String

    /// Reads a tag; nil for a text that no tag has.
    package init?(parsing text: some StringProtocol) {
        let tag = String(text)
        if ImageReference.problem(ofTag: tag[...]) != nil { return nil }
        description = tag
    }

    /// The version that has this tag, where it is one.
    package var version: SemanticVersion? {
        guard let version = try? SemanticVersion(parsing: description), version.description == description else {
            return nil
        }
        return version
    }

    /// The channel that has this tag, where it can be one.
    package var channel: ChannelName? { try? ChannelName(parsing: description) }
}
