// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics

/// A version after Semantic Versioning 2.0.0, for example `1.4.0-rc.2+build.7`.
///
/// Order is precedence as the specification has it (section 11): build metadata does not take part. Equality and
/// hashing do see build metadata.
package struct SemanticVersion: Hashable, Sendable {
    /// One dot-separated part of a pre-release: numeric ones order before textual ones.
    package enum PrereleaseIdentifier: Hashable, Sendable {
        /// Digits without a leading zero, of any length.
        case numeric(String)
        case text(String)
    }

    /// The longest text that is read as a version.
    package static let maximumLength = 256

    package let major: UInt64
    package let minor: UInt64
    package let patch: UInt64
    package let prerelease: [PrereleaseIdentifier]
    /// The text after `+`, empty where there is none.
    package let buildMetadata: String

    package init(
        _ major: UInt64,
        _ minor: UInt64,
        _ patch: UInt64,
        prerelease: [PrereleaseIdentifier] = [],
        buildMetadata: String = ""
    ) {
        self.major = major
        self.minor = minor
        self.patch = patch
        self.prerelease = prerelease
        self.buildMetadata = buildMetadata
    }

    /// Reads exactly one version; no leading `v`, no blanks, no missing parts.
    ///
    /// - Throws: `VersionError` with the position of the first character that does not fit.
    package init(parsing text: some StringProtocol) throws(VersionError) {
        var scanner = VersionScanner(String(text))
        self = try scanner.version()
        try scanner.expectEnd()
    }

    /// What was most likely meant by a text that is no version: `0.1` as 0.1.0, `v2` as 2.0.0; nil where nobody can tell.
    package init?(completing text: String) {
        let digits = text.first.map { "vV=".contains($0) } == true ? text.dropFirst() : text[...]
        let core = digits.prefix { $0 != "-" && $0 != "+" }
        let numbers = core.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...3).contains(numbers.count) else { return nil }
        let missing = String(repeating: ".0", count: 3 - numbers.count)
        guard let version = try? SemanticVersion(parsing: "\(core)\(missing)\(digits.dropFirst(core.count))") else {
            return nil
        }
        self = version
    }

    /// Whether this is a pre-release, which no range selects.
    package var isPrerelease: Bool { !prerelease.isEmpty }
}

extension SemanticVersion: Comparable {
    package static func < (left: SemanticVersion, right: SemanticVersion) -> Bool {
        let leftCore = (left.major, left.minor, left.patch)
        let rightCore = (right.major, right.minor, right.patch)
        if leftCore != rightCore { return leftCore < rightCore }
        // A version without pre-release comes after every one that has one.
        if left.prerelease.isEmpty || right.prerelease.isEmpty {
            return !left.prerelease.isEmpty && right.prerelease.isEmpty
        }
        return left.prerelease.lexicographicallyPrecedes(right.prerelease)
    }

    /// Whether neither version precedes the other: equal but for build metadata.
    package func hasSamePrecedence(as other: SemanticVersion) -> Bool { !(self < other) && !(other < self) }
}

extension SemanticVersion.PrereleaseIdentifier: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.numeric(let a), .numeric(let b)):
            a.utf8.count == b.utf8.count
                ? a.utf8.lexicographicallyPrecedes(b.utf8) : a.utf8.count < b.utf8.count
        case (.numeric, .text): true
        case (.text, .numeric): false
        case (.text(let a), .text(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
        }
    }
}

extension SemanticVersion: CustomStringConvertible {
    package var description: String {
        var text = "\(major).\(minor).\(patch)"
        if !prerelease.isEmpty { text += "-" + prerelease.map(\.description).joined(separator: ".") }
        if !buildMetadata.isEmpty { text += "+" + buildMetadata }
        return text
    }
}

extension SemanticVersion.PrereleaseIdentifier: CustomStringConvertible {
    package var description: String {
        switch self {
        case .numeric(let text), .text(let text): text
        }
    }
}
