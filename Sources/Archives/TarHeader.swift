// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// Numbers of the tar format, and limits of our own where it has none.
enum TarFormat {
    static let blockSize = 512
    /// The longest extended header, in bytes.
    ///
    /// Attributes that are dropped count.
    static let maximumExtendedHeader = 1 << 16
    /// The most zero bytes after the two blocks that end an archive.
    ///
    /// Writers fill up to 10 KiB, some to 1 MiB.
    static let maximumPadding = 1 << 20

    /// Bytes that fill the last block of `size` bytes.
    static func padding(after size: Int) -> Int { -size & (blockSize - 1) }
}

/// One header block, read and checked by itself.
struct TarHeader {
    /// What the type flag says.
    enum Kind: Equatable {
        case file
        case directory
        case link(EntryKindFault)
        case refused(EntryKindFault)
        /// A PAX header for the next entry (`x`).
        case extended
        /// A PAX header for all that follows (`g`).
        case globalExtended
        /// A name too long for its field, in GNU's format (`L`).
        case longName
    }

    let kind: Kind
    /// The path as the header has it, the prefix before it where the format has one.
    let path: [UInt8]
    let size: Int64
    let isExecutable: Bool

    /// Reads a block of 512 bytes that is not all zeros.
    ///
    /// - Throws: `TarFault`, the first that is found.
    init(_ block: [UInt8]) throws(ArchiveFault) {
        precondition(block.count == TarFormat.blockSize, "headers come in whole blocks")
        try Self.checkChecksum(block)
        let hasPrefix = try Self.checkFormat(block)
        kind = Self.kind(ofFlag: block[156])
        let name = try Self.text(block, 0..<100)
        let prefix = hasPrefix ? try Self.text(block, 345..<500) : []
        path = prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
        for (range, field) in Self.unusedNumbers { try Self.checkForm(of: block[range], field) }
        size = try Self.number(block, 124..<136, "size")
        isExecutable = try Self.number(block, 100..<108, "mode") & 0o100 != 0
    }

    /// Sums the bytes as unsigned numbers, its own field as blanks.
    private static func checkChecksum(_ block: [UInt8]) throws(ArchiveFault) {
        var sum: Int64 = 8 * 32
        for index in 0..<148 { sum += Int64(block[index]) }
        for index in 156..<512 { sum += Int64(block[index]) }
        let stated = try? number(block, 148..<156, "checksum")
        if stated != sum { throw .tar(.headerChecksum) }
    }

    /// Whether the block is of a format with a prefix field.
    ///
    /// Places that hold something in one format and nothing in another must be empty, so that two readers cannot see
    /// two things.
    private static func checkFormat(_ block: [UInt8]) throws(ArchiveFault) -> Bool {
        let magic = block[257..<265]
        if magic.elementsEqual("ustar\u{0}00".utf8) {
            try checkEmpty(block, 500..<512)
            return true
        }
        // GNU's format has no prefix, the one of 1979 ends with the name of the link.
        guard magic.elementsEqual("ustar  \u{0}".utf8) || magic.allSatisfy({ $0 == 0 }) else {
            throw .tar(.unknownFormat)
        }
        try checkEmpty(block, 345..<512)
        return false
    }

    private static func checkEmpty(_ block: [UInt8], _ range: Range<Int>) throws(ArchiveFault) {
        if block[range].contains(where: { $0 != 0 }) { throw .tar(.hiddenBytes) }
    }

    /// A field up to its first NUL; nothing may follow that.
    private static func text(_ block: [UInt8], _ range: Range<Int>) throws(ArchiveFault) -> [UInt8] {
        let text = block[range].prefix { $0 != 0 }
        try checkEmpty(block, range.lowerBound + text.count..<range.upperBound)
        return Array(text)
    }

    /// Octal digits, blanks before them, blanks or NULs after them.
    ///
    /// Numbers in base 256 are for what no limit lets through.
    private static func number(
        _ block: [UInt8],
        _ range: Range<Int>,
        _ field: String
    ) throws(ArchiveFault) -> Int64 {
        let digits = block[range].drop { $0 == 0x20 }
        var value: Int64 = 0
        var count = 0
        for byte in digits {
            guard (0x30...0x37).contains(byte) else { break }
            value = value << 3 | Int64(byte - 0x30)
            count += 1
        }
        guard count > 0, digits.dropFirst(count).allSatisfy({ $0 == 0 || $0 == 0x20 }) else {
            throw .tar(.number(field: field))
        }
        return value
    }

    /// Numbers that mean nothing here, but that other readers read: who owns the file, when it was written, which device.
    private static let unusedNumbers: [(Range<Int>, String)] = [
        (108..<116, "user"), (116..<124, "group"), (136..<148, "time"), (329..<337, "device"), (337..<345, "device"),
    ]

    /// Checks that a field is a number for every reader: octal digits with blanks before them, blanks or NULs after them;
    /// a number in base 256; or nothing at all.
    private static func checkForm(of field: ArraySlice<UInt8>, _ name: String) throws(ArchiveFault) {
        if let first = field.first, first == 0x80 || first == 0xFF {
            // More than 63 bits are more than readers hold.
            let rest = field.dropFirst()
            let high = rest.dropLast(min(8, rest.count))
            let fill: UInt8 = first == 0x80 ? 0 : 0xFF
            guard high.allSatisfy({ $0 == fill }), rest.count < 8 || (rest.suffix(8).first ?? 0) & 0x80 == fill & 0x80
            else { throw .tar(.number(field: name)) }
            return
        }
        let digits = field.drop { $0 == 0x20 }
        let rest = digits.drop { (0x30...0x37).contains($0) }
        guard rest.allSatisfy({ $0 == 0 || $0 == 0x20 }), Self.endsOnce(rest) else {
            throw .tar(.number(field: name))
        }
    }

    /// Whether nothing but NULs follows the first NUL.
    private static func endsOnce(_ end: ArraySlice<UInt8>) -> Bool { end.drop { $0 == 0x20 }.allSatisfy { $0 == 0 } }

    private static func kind(ofFlag flag: UInt8) -> Kind {
        switch flag {
        case 0, UInt8(ascii: "0"): .file
        case UInt8(ascii: "1"): .link(.hardLink)
        case UInt8(ascii: "2"): .link(.symbolicLink)
        case UInt8(ascii: "3"): .refused(.characterDevice)
        case UInt8(ascii: "4"): .refused(.blockDevice)
        case UInt8(ascii: "5"): .directory
        case UInt8(ascii: "6"): .refused(.fifo)
        case UInt8(ascii: "7"): .refused(.contiguous)
        case UInt8(ascii: "K"): .refused(.symbolicLink)
        case UInt8(ascii: "S"): .refused(.sparse)
        case UInt8(ascii: "s"): .refused(.socket)
        case UInt8(ascii: "x"): .extended
        case UInt8(ascii: "g"): .globalExtended
        case UInt8(ascii: "L"): .longName
        default: .refused(.other(flag))
        }
    }
}

extension TarHeader {
    /// The entry that the header stands for, under the path that its extended headers give it.
    ///
    /// - Throws: `ArchiveFault` for a path that breaks a rule and for every kind but files and folders.
    func entry(at path: [UInt8], links: ArchiveLimits.Links) throws(ArchiveFault) -> ArchiveEntry {
        let kind: ArchiveEntry.Kind
        switch self.kind {
        case .file: kind = .file
        case .directory: kind = .directory
        case .link where links == .skipped && size == 0: kind = .skippedLink
        case .link(let fault), .refused(let fault): throw .kind(fault)
        case .extended, .globalExtended, .longName: throw .tar(.extendedHeader)
        }
        if kind == .directory, size > 0 { throw .tar(.sizeOfFolder) }
        if kind != .directory, path.last == UInt8(ascii: "/") { throw .tar(.trailingSlash) }
        do {
            let path = try EntryPath(parsing: path, isDirectory: kind == .directory)
            return ArchiveEntry(path: path, kind: kind, size: ByteCount(size), isExecutable: isExecutable)
        } catch { throw .path(error) }
    }
}
