// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// The name of a worker: ASCII letters, digits, `-`, `_` and `.`; 1 to 64 characters; no leading `.`, no `..`.
///
/// Safe as one component of a path and of a URL.
package struct WorkerName: Hashable, Sendable, CustomStringConvertible {
    /// The most characters a name has.
    package static let maximumLength = 64

    /// The name as it was written.
    package let description: String

    /// Reads a name as the command line, manifests and lock files may hold it.
    ///
    /// - Throws: `WorkerNameError`, which says what is wrong and at which character.
    package init(parsing text: some StringProtocol) throws(WorkerNameError) {
        let name = String(text)
        func fail(_ reason: WorkerNameError.Reason) -> WorkerNameError { WorkerNameError(text: name, reason: reason) }
        if name.isEmpty { throw fail(.empty) }
        if name.contains("..") { throw fail(.dotDot) }
        if name.utf8.first == UInt8(ascii: ".") { throw fail(.leadingDot) }
        for (index, byte) in name.utf8.enumerated() where !Self.isAllowed(byte) {
            throw fail(.character(position: index + 1))
        }
        if name.utf8.count > Self.maximumLength { throw fail(.tooLong) }
        description = name
    }

    /// Reads a name as the registry accepts it for publishing: `[a-z0-9][a-z0-9_-]*`, at most 64 characters.
    ///
    /// - Throws: `WorkerNameError` as `init(parsing:)`, and `.notPublishable` for a name that is fine elsewhere.
    package init(parsingPublished text: some StringProtocol) throws(WorkerNameError) {
        try self.init(parsing: text)
        for (index, byte) in description.utf8.enumerated() {
            let isLetterOrDigit = (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
            let isJoiner = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            guard isLetterOrDigit || (isJoiner && index > 0) else {
                throw WorkerNameError(text: description, reason: .notPublishable(position: index + 1))
            }
        }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
    }
}

extension WorkerName: Comparable {
    /// Orders by bytes, as lock files are sorted.
    package static func < (left: WorkerName, right: WorkerName) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}

/// Why a text is no worker name.
///
/// W100.
package struct WorkerNameError: CodedError, Hashable {
    /// What rule the text breaks.
    ///
    /// Positions count characters from 1.
    package enum Reason: Hashable, Sendable {
        case empty
        case dotDot
        case leadingDot
        case character(position: Int)
        case tooLong
        case notPublishable(position: Int)
    }

    package let text: String
    package let reason: Reason

    package var code: ErrorCode { .invalidName }

    package var message: String {
        let shown = "`\(PrintableText(text, limit: 80))`"
        switch reason {
        case .empty: return "a worker name cannot be empty"
        case .dotDot: return "the worker name \(shown) contains `..`"
        case .leadingDot: return "the worker name \(shown) starts with `.`, which is reserved"
        case .character(let position):
            return
                "the worker name \(shown) has a character at position \(position) that is not a letter, digit, `-`, `_` or `.`"
        case .tooLong: return "the worker name \(shown) is longer than \(WorkerName.maximumLength) characters"
        case .notPublishable(let position):
            return
                "the worker name \(shown) cannot be published: position \(position) must be a lower-case letter or a digit"
                + (position > 1 ? ", `-` or `_`" : "")
        }
    }
}
