// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// Header blocks as our writer makes them: ustar, with a PAX header before a path that ustar cannot hold.
///
/// Everything that differs from machine to machine is left out: owner 0 without a name, one time for all.
enum TarHeaderEncoder {
    /// The latest time and the largest size that eleven octal digits hold.
    static let largestNumber: Int64 = 0o777_7777_7777

    /// The blocks before the contents of a file.
    static func header(path: String, size: Int64, mode: UInt16, time: Int64) -> [UInt8] {
        let name = Array(path.utf8)
        if name.count <= 100, name.allSatisfy({ $0 < 0x80 }) {
            return block(name: name, type: "0", size: size, mode: mode, time: time)
        }
        let short = prefix(of: path, bytes: 100)
        let records = record("path", name)
        var blocks = block(
            name: Array("PaxHeaders/".utf8) + prefix(of: path, bytes: 80),
            type: "x",
            size: Int64(records.count),
            mode: 0o644,
            time: time
        )
        blocks += records + padding(after: records.count)
        return blocks + block(name: short, type: "0", size: size, mode: mode, time: time)
    }

    /// Zeros up to the end of the block.
    static func padding(after size: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: TarFormat.padding(after: size))
    }

    /// The two blocks that end an archive.
    static let end = [UInt8](repeating: 0, count: 2 * TarFormat.blockSize)

    private static func block(
        name: [UInt8],
        type: Unicode.Scalar,
        size: Int64,
        mode: UInt16,
        time: Int64
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: TarFormat.blockSize)
        func put(_ bytes: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
        }
        put(name, at: 0)
        put(octal(Int64(mode), digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(size, digits: 11), at: 124)
        put(octal(time, digits: 11), at: 136)
        put([UInt8](repeating: 0x20, count: 8), at: 148)
        put([UInt8(ascii: type)], at: 156)
        put("ustar\u{0}00".utf8, at: 257)
        put(octal(0, digits: 7), at: 329)
        put(octal(0, digits: 7), at: 337)
        let sum = block.reduce(0) { $0 + Int64($1) }
        put(octal(sum, digits: 6) + [0], at: 148)
        return block
    }

    private static func octal(_ value: Int64, digits: Int) -> [UInt8] {
        let text = String(value, radix: 8)
        return Array((String(repeating: "0", count: max(0, digits - text.utf8.count)) + text).utf8)
    }

    /// `LENGTH KEY=VALUE\n`, where the length counts its own digits.
    private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = Array(" \(key)=".utf8) + value + [0x0A]
        var length = rest.count
        while String(length).utf8.count + rest.count != length { length = String(length).utf8.count + rest.count }
        return Array(String(length).utf8) + rest
    }

    /// The longest beginning of whole characters that fits.
    private static func prefix(of text: String, bytes: Int) -> [UInt8] {
        var prefix: [UInt8] = []
        for scalar in text.unicodeScalars {
            let encoded = Array(String(scalar).utf8)
            if prefix.count + encoded.count > bytes { break }
            prefix += encoded
        }
        return prefix
    }
}
