// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The value of `Content-Range`: `bytes 10-99/100`, the total may be `*`.
package struct ContentRange: Hashable {
    package let first: Int64
    package let last: Int64
    package let total: Int64?

    package init?(_ text: String?) {
        guard let text, text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        let ends = (parts.first ?? "").split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]),
            first <= last
        else { return nil }
        total = Self.number(parts[1])
        guard total != nil || parts[1] == "*", total.map({ last < $0 }) ?? true else { return nil }
        (self.first, self.last) = (first, last)
    }

    /// The size that an answer to a range behind the end names: `bytes */100`.
    package static func size(_ text: String?) -> Int64? {
        guard let text, text.hasPrefix("bytes */") else { return nil }
        return number(text.dropFirst("bytes */".count))
    }

    private static func number(_ text: Substring) -> Int64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(text) : nil
    }
}
