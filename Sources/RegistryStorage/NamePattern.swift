// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import WorkerModel

/// A pattern of worker names: `acme-*`, `*`, `shell`.
///
/// `*` stands for any characters, also none; everything else for itself. At most 64 characters.
package struct NamePattern: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let maximumLength = 64

    package let description: String

    /// - Throws: `NamePatternError` for a text that no name could match.
    package init(parsing text: some StringProtocol) throws(NamePatternError) {
        let pattern = String(text)
        let isWellFormed = pattern.utf8.allSatisfy { byte in
            switch byte {
            case 0x61...0x7A, 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "*"): true
            default: false
            }
        }
        guard isWellFormed, (1...Self.maximumLength).contains(pattern.utf8.count) else {
            throw NamePatternError(text: pattern)
        }
        description = pattern
    }

    package static func < (left: NamePattern, right: NamePattern) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }

    package func matches(_ name: WorkerName) -> Bool { matches(Array(name.description.utf8)) }

    /// Whether every name that `other` matches is matched by this one too.
    ///
    /// A `*` of the other is then a character that only a `*` of this one can stand for.
    package func covers(_ other: NamePattern) -> Bool { matches(Array(other.description.utf8)) }

    /// Goes back to the last `*` where the rest does not fit: the time is at most the product of both lengths.
    private func matches(_ text: [UInt8]) -> Bool {
        let (pattern, star) = (Array(description.utf8), UInt8(ascii: "*"))
        var (place, index) = (0, 0)
        var retry: (place: Int, index: Int)?
        while index < text.count {
            if place < pattern.count, pattern[place] == star {
                retry = (place, index)
                place += 1
            } else if place < pattern.count, pattern[place] == text[index] {
                place += 1
                index += 1
            } else if let (lastStar, taken) = retry {
                retry = (lastStar, taken + 1)
                (place, index) = (lastStar + 1, taken + 1)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == star }
    }
}

/// Why a text is no pattern of names.
///
/// W100.
package struct NamePatternError: CodedError, Hashable {
    package let text: String

    package var code: ErrorCode { .invalidName }
    package var message: String { "`\(PrintableText(text, limit: 80))` is not a pattern of worker names" }
    package var hints: [String] { ["write a name, with `*` for any characters: `acme-*`"] }
}
