// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Crypto

/// A digest as images write it: `sha256:` and 64 lower-case hexadecimal digits, or `sha512:` and 128.
///
/// Everything else here is named by SHA-256 alone, which is `Digest`.
package struct ContentDigest: Hashable, Sendable, CustomStringConvertible {
    package enum Algorithm: String, Hashable, Sendable, CaseIterable {
        case sha256
        case sha512

        /// How many hexadecimal digits there are.
        fileprivate var length: Int { self == .sha256 ? 64 : 128 }
    }

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

    fileprivate init(_ algorithm: Algorithm, bytes: some Sequence<UInt8>) {
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

/// Computes a digest of either algorithm of bytes that come in pieces.
package struct ContentDigestHasher: Sendable {
    private enum State {
        case sha256(SHA256)
        case sha512(SHA512)
    }

    private var state: State

    package init(_ algorithm: ContentDigest.Algorithm) {
        state = algorithm == .sha256 ? .sha256(SHA256()) : .sha512(SHA512())
    }

    package mutating func update(_ bytes: [UInt8]) {
        switch state {
        case .sha256(var hasher):
            hasher.update(data: bytes)
            state = .sha256(hasher)
        case .sha512(var hasher):
            hasher.update(data: bytes)
            state = .sha512(hasher)
        }
    }

    /// The digest of all that was given.
    package func finalize() -> ContentDigest {
        switch state {
        case .sha256(let hasher): ContentDigest(.sha256, bytes: hasher.finalize())
        case .sha512(let hasher): ContentDigest(.sha512, bytes: hasher.finalize())
        }
    }
}
