// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Crypto

/// Computes a digest of either algorithm of bytes that come in pieces.
package struct ContentDigestHasher: Sendable {
    private enum State {
        case sha256(SHA256)
        case sha512(SHA512)
    }

    private var state: State

    /// A hasher of nothing yet.
    package init(_ algorithm: ContentDigest.Algorithm) {
        state = algorithm == .sha256 ? .sha256(SHA256()) : .sha512(SHA512())
    }

    /// Takes the next piece.
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
