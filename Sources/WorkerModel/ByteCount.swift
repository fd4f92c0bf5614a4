// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A number of bytes, as limits and sizes are given.
package struct ByteCount: Hashable, Comparable, Sendable {
    package let bytes: Int64

    package init(_ bytes: some BinaryInteger) { self.bytes = Int64(clamping: bytes) }

    package static let zero = ByteCount(0)
    package static func kibibytes(_ count: Int64) -> ByteCount { ByteCount(count << 10) }
    package static func mebibytes(_ count: Int64) -> ByteCount { ByteCount(count << 20) }
    package static func gibibytes(_ count: Int64) -> ByteCount { ByteCount(count << 30) }

    package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
    /// Adds; stops at the largest count instead of overflowing.
    package static func + (left: ByteCount, right: ByteCount) -> ByteCount {
        let (sum, overflow) = left.bytes.addingReportingOverflow(right.bytes)
        return ByteCount(overflow ? Int64.max : sum)
    }
}

extension ByteCount: CustomStringConvertible {
    /// For people: `512 B`, `1.5 KiB`, `64 MiB`.
    package var description: String {
        if bytes < 1024 { return "\(bytes) B" }
        let units = ["KiB", "MiB", "GiB", "TiB"]
        // Multiplying the whole count by ten could overflow.
        var tenths = bytes / 1024 * 10 + bytes % 1024 * 10 / 1024
        var unit = 0
        while tenths >= 10240, unit + 1 < units.count {
            tenths /= 1024
            unit += 1
        }
        return tenths % 10 == 0 ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
