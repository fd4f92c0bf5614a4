// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import WorkerModel

/// Archives with long names in them, and their reader.
enum Archive {
    static func read(_ archive: [UInt8]) { _ = try? unpacked(archive) }

    private static func unpacked(_ archive: [UInt8]) throws(ArchiveError) -> Int {
        var reader = try ArchiveReader(sink: ArchiveInspector(), limits: .bundle)
        try archive.span.bytes.withUnsafeBytes { bytes throws(ArchiveError) in try reader.feed(bytes) }
        return try reader.finish().listing.files.count
    }

    static func tar(paxKey key: String) -> [UInt8] {
        let rest = Array(" \(key)=\n".utf8)
        var length = rest.count + 1
        while String(length).utf8.count + rest.count != length { length += 1 }
        return extended(Array(String(length).utf8) + rest, type: "x")
    }

    static func tar(longName name: String) -> [UInt8] { extended(Array(name.utf8) + [0], type: "L") }

    private static func extended(_ data: [UInt8], type: Unicode.Scalar) -> [UInt8] {
        block("long", type, data.count) + data + [UInt8](repeating: 0, count: -data.count & 511) + block("f", "0", 0)
            + [UInt8](repeating: 0, count: 1024)
    }

    private static func block(_ name: String, _ type: Unicode.Scalar, _ size: Int) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            block.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func octal(_ value: Int, digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: digits - text.count) + text + "\0"
        }
        put(name, at: 0)
        put("0000644\0", at: 100)
        put(octal(size, digits: 11), at: 124)
        put("        ", at: 148)
        block[156] = UInt8(ascii: type)
        put("ustar\u{0}00", at: 257)
        put(octal(block.reduce(0) { $0 + Int($1) }, digits: 6) + " ", at: 148)
        return block
    }

    /// A gzip file of stored blocks.
    static func gzip(_ contents: [UInt8]) -> [UInt8] {
        var file: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        var rest = contents[...]
        repeat {
            let piece = rest.prefix(0xFFFF)
            rest = rest.dropFirst(piece.count)
            let length = UInt16(piece.count)
            file += [rest.isEmpty ? 1 : 0] + little(UInt32(length), 2) + little(UInt32(~length), 2) + piece
        } while !rest.isEmpty
        return file + little(checksum(contents), 4) + little(UInt32(contents.count), 4)
    }

    private static func little(_ value: UInt32, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum >> 1 ^ (sum & 1 == 0 ? 0 : 0xEDB8_8320) }
        }
    }
}
