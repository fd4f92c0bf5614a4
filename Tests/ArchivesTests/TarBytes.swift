// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import Archives

/// Builds tar archives byte by byte, rightly or wrongly.
struct TarBytes: Sendable {
    /// The fields of a header block, as bytes; the checksum is made unless it is given.
    struct Header {
        var name: [UInt8]
        var mode = Array("0000644\0".utf8)
        var size: [UInt8]
        var type = UInt8(ascii: "0")
        var link: [UInt8] = []
        var magic = Array("ustar\u{0}00".utf8)
        var prefix: [UInt8] = []
        var checksum: [UInt8]?
        /// Bytes put over the rest, before the checksum is made.
        var patches: [(offset: Int, bytes: [UInt8])] = []

        init(_ name: [UInt8], type: Unicode.Scalar = "0", size: Int = 0) {
            self.name = name
            self.type = UInt8(ascii: type)
            self.size = TarBytes.octal(size, digits: 11)
        }

        init(_ name: String, type: Unicode.Scalar = "0", size: Int = 0) {
            self.init(Array(name.utf8), type: type, size: size)
        }

        var block: [UInt8] {
            var block = [UInt8](repeating: 0, count: 512)
            func put(_ bytes: [UInt8], at offset: Int) {
                block.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            }
            put(Array(name.prefix(100)), at: 0)
            put(mode, at: 100)
            put(TarBytes.octal(0, digits: 7), at: 108)
            put(TarBytes.octal(0, digits: 7), at: 116)
            put(size, at: 124)
            put(TarBytes.octal(0, digits: 11), at: 136)
            put([type], at: 156)
            put(link, at: 157)
            put(magic, at: 257)
            put(prefix, at: 345)
            for patch in patches { put(patch.bytes, at: patch.offset) }
            put([UInt8](repeating: 0x20, count: 8), at: 148)
            put(checksum ?? TarBytes.octal(block.reduce(0) { $0 + Int($1) }, digits: 6) + [0x20], at: 148)
            return block
        }
    }

    var bytes: [UInt8] = []

    /// An archive of its own: what `build` adds, then the two blocks of the end.
    static func archive(_ build: (inout TarBytes) -> Void) -> [UInt8] {
        var tar = TarBytes()
        build(&tar)
        tar.end()
        return tar.bytes
    }

    mutating func header(_ name: String, type: Unicode.Scalar = "0", _ change: (inout Header) -> Void = { _ in }) {
        var header = Header(name, type: type)
        change(&header)
        bytes += header.block
    }

    mutating func file(
        _ name: String,
        _ contents: String = "",
        type: Unicode.Scalar = "0",
        _ change: (inout Header) -> Void = { _ in }
    ) {
        file(Array(name.utf8), Array(contents.utf8), type: type, change)
    }

    mutating func file(
        _ name: [UInt8],
        _ contents: [UInt8],
        type: Unicode.Scalar = "0",
        _ change: (inout Header) -> Void = { _ in }
    ) {
        var header = Header(name, type: type, size: contents.count)
        change(&header)
        bytes += header.block
        data(contents)
    }

    mutating func folder(_ name: String, _ change: (inout Header) -> Void = { _ in }) {
        file(name, type: "5", change)
    }

    /// An extended header with these records.
    mutating func pax(_ records: [(String, String)], type: Unicode.Scalar = "x") {
        pax(raw: records.flatMap { Self.record($0.0, Array($0.1.utf8)) }, type: type)
    }

    mutating func pax(raw: [UInt8], type: Unicode.Scalar = "x") {
        bytes += Header("PaxHeaders/x", type: type, size: raw.count).block
        data(raw)
    }

    /// A name in GNU's format for long ones.
    mutating func gnuName(_ name: String, type: Unicode.Scalar = "L", terminator: [UInt8] = [0]) {
        let raw = Array(name.utf8) + terminator
        var header = Header("././@LongLink", type: type, size: raw.count)
        header.magic = Array("ustar  \0".utf8)
        bytes += header.block
        data(raw)
    }

    mutating func data(_ contents: [UInt8]) {
        bytes += contents
        bytes += [UInt8](repeating: 0, count: -contents.count & 511)
    }

    mutating func end() { zeros(1024) }

    mutating func zeros(_ count: Int) { bytes += [UInt8](repeating: 0, count: count) }

    static func octal(_ value: Int, digits: Int) -> [UInt8] {
        let text = String(value, radix: 8)
        return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8) + [0]
    }

    static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = Array(" \(key)=".utf8) + value + [0x0A]
        var length = rest.count + 1
        while String(length).count + rest.count != length { length += 1 }
        return Array(String(length).utf8) + rest
    }
}

/// Builds gzip files, rightly or wrongly.
enum GzipBytes {
    static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]

    /// One whole member.
    static func pack(_ contents: [UInt8], header: [UInt8] = header, level: Int32 = 6) -> [UInt8] {
        header + deflate(contents, level: level) + trailer(contents)
    }

    static func deflate(_ contents: [UInt8], level: Int32 = 6) -> [UInt8] {
        guard var deflater = try? Deflater(level: level) else { return [] }
        var packed: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        contents.withUnsafeBytes { bytes in
            var rest = bytes
            var isDone = false
            while !isDone {
                buffer.withUnsafeMutableBytes { room in
                    let step = deflater.run(rest, into: room, isLast: true)
                    packed += room[..<step.produced]
                    rest = UnsafeRawBufferPointer(rebasing: rest[step.consumed...])
                    isDone = step.isEnd
                }
            }
        }
        return packed
    }

    static func trailer(_ contents: [UInt8]) -> [UInt8] {
        crc(contents) + (0..<4).map { UInt8(truncatingIfNeeded: contents.count >> ($0 * 8)) }
    }

    static func crc(_ contents: [UInt8]) -> [UInt8] {
        var crc = CRC32()
        contents.withUnsafeBytes { crc.update($0) }
        return (0..<4).map { UInt8(truncatingIfNeeded: crc.value >> ($0 * 8)) }
    }
}
