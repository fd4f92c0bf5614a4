// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A digest as images write it: `sha256:` and 64 lower-case hexadecimal digits, or `sha512:` and 128.
///
/// Everything else here is named by SHA-256 alone, which is `Digest`.
package struct ContentDigest: Hashable, Sendable, CustomStringConvertible {
    /// The algorithms that images use.
    package enum Algorithm: String, Hashable, Sendable, CaseIterable {
        case sha256
        case sha512

        /// How many hexadecimal digits there are.
        fileprivate var length: Int { self == .sha256 ? 64 : 128 }
    }

    /// What the text is the outcome of.
    package let algorithm: Algorithm
    /// The text, algorithm included.
    package let description: String

    /// Reads a digest; upper case is not read, since every digest has one spelling.
    ///
    /// - Throws: `DigestError`.
    package init(parsing text: some StringProtocol) throws(DigestError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let algorithm = Algorithm(rawValue: String(parts[0])),
            parts[1].utf8.count == algorithm.length,
            parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { throw DigestError(text: String(text)) }
        self.algorithm = algorithm
        description = String(text)
    }

    /// The same digest of SHA-256, as images write it.
    package init(_ digest: Digest) {
        algorithm = .sha256
        description = "sha256:\(digest)"
    }

    /// The digest where it is one of SHA-256.
    package var sha256: Digest? { algorithm == .sha256 ? try? Digest(parsing: description) : nil }

    /// The digest of a whole value in memory.
    package init(of bytes: [UInt8], _ algorithm: Algorithm) {
        var hasher = ContentDigestHasher(algorithm)
        hasher.update(bytes)
        self = hasher.finalize()
    }

    /// Writes what a hash function gave.
    init(_ algorithm: Algorithm, bytes: some Sequence<UInt8>) {
        self.algorithm = algorithm
        let digits = Array("0123456789abcdef".utf8)
        var text = Array("\(algorithm.rawValue):".utf8)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        description = String(decoding: text, as: UTF8.self)
    }
}
