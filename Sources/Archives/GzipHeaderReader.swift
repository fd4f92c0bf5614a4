// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Reads the header of a gzip member (RFC 1952, section 2.3) byte by byte, as the input may be cut anywhere.
struct GzipHeaderReader {
    /// The longest header that is read.
    ///
    /// Names and comments are of no use here, but tools write them.
    static let maximumLength = 4096

    private enum Part {
        case fixed
        case extraLength
        case extra(remaining: Int)
        case name
        case comment
        case checksum
        case done
    }

    private static let headerChecksum: UInt8 = 2
    private static let extra: UInt8 = 4
    private static let name: UInt8 = 8
    private static let comment: UInt8 = 16

    private var part = Part.fixed
    private var seen: [UInt8] = []
    private var flags: UInt8 = 0
    /// Where the current part began.
    private var start = 0

    var isStarted: Bool { !seen.isEmpty }
    var isDone: Bool { if case .done = part { true } else { false } }

    /// Takes the next byte; not to be called once `isDone`.
    mutating func take(_ byte: UInt8) throws(GzipFault) {
        if seen.count >= Self.maximumLength { throw .headerTooLong }
        seen.append(byte)
        switch part {
        case .fixed: try takeFixed(byte)
        case .extraLength:
            guard seen.count - start == 2 else { return }
            let length = Int(seen[start]) | Int(seen[start + 1]) << 8
            length == 0 ? enter(after: Self.extra) : enter(.extra(remaining: length))
        case .extra(let remaining):
            guard remaining == 1 else {
                part = .extra(remaining: remaining - 1)
                return
            }
            try checkExtra(seen[start...])
            enter(after: Self.extra)
        case .name: if byte == 0 { enter(after: Self.name) }
        case .comment: if byte == 0 { enter(after: Self.comment) }
        case .checksum:
            guard seen.count - start == 2 else { return }
            try checkChecksum()
            part = .done
        case .done: break
        }
    }

    private mutating func takeFixed(_ byte: UInt8) throws(GzipFault) {
        switch seen.count {
        case 1 where byte != 0x1F, 2 where byte != 0x8B, 3 where byte != 8: throw .notGzip
        case 4:
            if byte & 0xE0 != 0 { throw .reservedFlags }
            flags = byte
        // How it was packed: best, fastest, or nothing said.
        case 9: if ![0, 2, 4].contains(byte) { throw .headerField("compression") }
        // RFC 1952 has 0 to 13, zlib goes on to 19; 255 is unknown.
        case 10:
            if byte > 19, byte != 255 { throw .headerField("operating system") }
            enter(after: 0)
        default: break
        }
    }

    private mutating func enter(_ next: Part) {
        part = next
        start = seen.count
    }

    /// The optional parts come in the order of their list here; `after` is the flag of the part that just ended.
    private mutating func enter(after flag: UInt8) {
        if flag < Self.extra, flags & Self.extra != 0 { return enter(.extraLength) }
        if flag < Self.name, flags & Self.name != 0 { return enter(.name) }
        if flag < Self.comment, flags & Self.comment != 0 { return enter(.comment) }
        flags & Self.headerChecksum != 0 ? enter(.checksum) : enter(.done)
    }

    /// An extra field consists of subfields: two bytes of a name, two of a length, and so many more.
    private func checkExtra(_ field: ArraySlice<UInt8>) throws(GzipFault) {
        var rest = field
        while !rest.isEmpty {
            guard rest.count >= 4 else { throw .headerField("extra field") }
            let length = Int(rest[rest.startIndex + 2]) | Int(rest[rest.startIndex + 3]) << 8
            guard rest.count >= 4 + length else { throw .headerField("extra field") }
            rest = rest.dropFirst(4 + length)
        }
    }

    private func checkChecksum() throws(GzipFault) {
        var crc = CRC32()
        seen[..<start].withUnsafeBytes { crc.update($0) }
        let stated = UInt32(seen[start]) | UInt32(seen[start + 1]) << 8
        if crc.value & 0xFFFF != stated { throw .headerChecksum }
    }
}

extension GzipFault: Error {}
