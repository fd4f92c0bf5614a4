// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A version range in npm's syntax: `^1.2`, `~0.5`, `>=1 <2`, `1.x`, `1.0 - 2.3`, `*`, alternatives with `||`.
///
/// The text is kept as it was written, since lock files and hashes of manifests hold it; equality compares the text.
package struct VersionRequirement: Hashable, Sendable, CustomStringConvertible {
    /// One bound on a version.
    struct Comparator: Hashable, Sendable {
        enum Operator: String, Hashable, Sendable {
            case less = "<"
            case lessOrEqual = "<="
            case equal = "="
            case greaterOrEqual = ">="
            case greater = ">"
        }

        var `operator`: Operator
        var version: SemanticVersion

        func holds(for candidate: SemanticVersion) -> Bool {
            switch `operator` {
            case .less: candidate < version
            case .lessOrEqual: !(version < candidate)
            case .equal: candidate.hasSamePrecedence(as: version)
            case .greaterOrEqual: !(candidate < version)
            case .greater: version < candidate
            }
        }
    }

    /// Every version that is not a pre-release.
    package static let any = VersionRequirement(description: "*", alternatives: [[]])

    /// The text as it was written, without blanks around it; `*` for an empty one.
    package let description: String
    /// Alternatives of comparators that must all hold.
    ///
    /// An empty list of comparators admits everything.
    let alternatives: [[Comparator]]

    init(description: String, alternatives: [[Comparator]]) {
        self.description = description
        self.alternatives = alternatives
    }

    /// Reads a range; the empty text is `*`.
    ///
    /// - Throws: `VersionError` with the position of the first character that does not fit, blanks before not counted.
    package init(parsing text: some StringProtocol) throws(VersionError) {
        let trimmed = String(text).trimmingBlanks()
        var parser = VersionRequirementParser(trimmed)
        alternatives = try parser.alternatives()
        description = trimmed.isEmpty ? "*" : trimmed
    }

    /// The range that admits this one version only.
    package init(exactly version: SemanticVersion) {
        self.init(
            description: version.description,
            alternatives: [[Comparator(operator: .equal, version: version)]]
        )
    }

    /// The one version that this range admits, where it is written as an exact version.
    package var exactVersion: SemanticVersion? {
        guard alternatives.count == 1, alternatives[0].count == 1, alternatives[0][0].operator == .equal else {
            return nil
        }
        return alternatives[0][0].version
    }

    /// Whether a version lies in the range.
    ///
    /// As npm has it, a pre-release lies in the range only where a comparator names a pre-release of the same
    /// `major.minor.patch`. Build metadata is ignored.
    package func admits(_ version: SemanticVersion) -> Bool {
        alternatives.contains { comparators in
            guard comparators.allSatisfy({ $0.holds(for: version) }) else { return false }
            guard version.isPrerelease else { return true }
            return comparators.contains { comparator in
                let named = comparator.version
                return named.isPrerelease
                    && (named.major, named.minor, named.patch) == (version.major, version.minor, version.patch)
            }
        }
    }
}

extension String {
    func trimmingBlanks() -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" || $0 == "\r\n" }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
            return ""
        }
        return String(self[first...last])
    }
}
