// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import WorkerModel

/// A key as its holder has it: `iii_` and 43 letters and digits that stand for 32 random bytes.
///
/// The registry keeps only the hash. The text is shown once, when the key is made.
package struct KeyText: Sendable {
    package static let prefix = "iii_"
    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    /// The digits that 256 bits need in base 62.
    private static let length = 43

    package let text: Redacted<String>

    /// Reads a key that somebody sent; nil for a text that no key has.
    package init?(parsing text: String) {
        let isWellFormed =
            text.hasPrefix(Self.prefix)
            && text.utf8.count == Self.prefix.utf8.count + Self.length
            && text.utf8.dropFirst(Self.prefix.utf8.count).allSatisfy(Self.digits.contains)
        guard isWellFormed else { return nil }
        self.text = Redacted(text)
    }

    /// Makes the key of 32 random bytes.
    package init(bytes: [UInt8]) {
        text = Redacted(Self.prefix + Self.base62(bytes))
    }

    /// What the registry remembers the key by: the SHA-256 of the whole text.
    package var hash: Digest { .sha256(text.exposed.utf8) }

    /// A number of any length, most significant byte first, in base 62 with zeros in front.
    private static func base62(_ bytes: [UInt8]) -> String {
        var number = bytes
        var text: [UInt8] = []
        for _ in 0..<length {
            var remainder = 0
            for index in number.indices {
                let value = remainder << 8 | Int(number[index])
                number[index] = UInt8(value / 62)
                remainder = value % 62
            }
            text.append(digits[remainder])
        }
        return String(decoding: text.reversed(), as: UTF8.self)
    }
}

extension Digest {
    /// Whether two digests are equal, taking the same time wherever they differ.
    func equalsInConstantTime(_ other: Digest) -> Bool {
        zip(bytes, other.bytes).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
