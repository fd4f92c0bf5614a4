// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// An address of the web that somebody else wrote and that a page may link to.
package struct WebAddress: Hashable, Sendable, CustomStringConvertible {
    private static let schemes = ["https://", "http://", "mailto:"]
    /// The most bytes of an address.
    private static let longest = 2048

    package let description: String

    /// Takes `https:`, `http:` and `mailto:` addresses; nil for all else, such as `javascript:` and relative ones.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longest, text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F })
        else { return nil }
        let start = text.prefix(8).lowercased()
        guard Self.schemes.contains(where: { start.hasPrefix($0) && text.utf8.count > $0.utf8.count }) else {
            return nil
        }
        description = text
    }
}
