// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Crypto
package import Diagnostics

/// A SHA-256 digest.
///
/// Its text is 64 lower-case hexadecimal digits; either case is read.
package struct Digest: Hashable, Sendable {
    /// The 32 bytes.
    package let bytes: [UInt8]

    fileprivate init(verified bytes: [UInt8]) { self.bytes = bytes }

    /// - Throws: `DigestError` unless there are exactly 32 bytes.
    package init(bytes: [UInt8]) throws(DigestError) {
        guard bytes.count == 32 else { throw DigestError(text: "\(bytes.count) bytes") }
        self.bytes = bytes
    }

    /// Reads 64 hexadecimal digits, with or without `sha256:` before them.
    ///
    /// Blanks around are ignored.
    ///
    /// - Throws: `DigestError` for anything else.
    package init(parsing text: some StringProtocol) throws(DigestError) {
        let trimmed = String(text).trimmingBlanks()
        let hex = trimmed.hasPrefix("sha256:") ? trimmed.dropFirst(7) : trimmed[...]
        guard hex.utf8.count == 64 else { throw DigestError(text: trimmed) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        var high: UInt8?
        for digit in hex.utf8 {
            guard let value = Self.value(of: digit) else { throw DigestError(text: trimmed) }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        self.bytes = bytes
    }

    /// The digest of a whole value in memory.
    package static func sha256(_ bytes: some Sequence<UInt8>) -> Digest {
        var hasher = DigestHasher()
        hasher.update(Array(bytes))
        return hasher.finalize()
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
}

extension Digest: CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    package var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(64)
        let digits = Array("0123456789abcdef".utf8)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The first 12 digits, for people.
    package var abbreviated: String { String(description.prefix(12)) }
}

extension Digest: Comparable {
    package static func < (left: Digest, right: Digest) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}

/// Computes a digest of bytes that come in pieces.
package struct DigestHasher: Sendable {
    private var hasher = SHA256()

    package init() {}

    package mutating func update(_ bytes: [UInt8]) { hasher.update(data: bytes) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) { hasher.update(bufferPointer: bytes) }

    /// The digest of all that was given.
    ///
    /// The hasher itself can go on.
    package func finalize() -> Digest { Digest(verified: Array(hasher.finalize())) }
}

/// Why a text is no SHA-256 digest.
///
/// W142.
package struct DigestError: CodedError, Hashable {
    package let text: String

    package var code: ErrorCode { .download }
    package var message: String {
        "`\(PrintableText(text, limit: 80))` is not a SHA-256 digest of 64 hexadecimal digits"
    }
}
