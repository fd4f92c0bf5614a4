// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// One header block of a layer's archive, read as generously as container tools do: each of them has its own dialect.
struct LayerHeader {
    enum Kind: Equatable {
        case entry(LayerEntry.Kind)
        /// A file with holes in GNU's old format, whose map begins in the header.
        case oldSparse
        /// A PAX header for the next entry.
        case extended
        /// A PAX header for all that follows.
        case globalExtended
        case longName
        case longLink
    }

    let kind: Kind
    let path: [UInt8]
    let target: [UInt8]
    /// Bytes that follow the header.
    let size: Int64
    let mode: UInt16
    let user: Int64
    let group: Int64
    let seconds: Int64

    /// Reads a block of 512 bytes that is not all zeros.
    ///
    /// - Throws: `ArchiveFault`, the first that is found.
    init(_ block: [UInt8]) throws(ArchiveFault) {
        precondition(block.count == TarFormat.blockSize, "headers come in whole blocks")
        try Self.checkChecksum(block)
        let name = Self.text(block[0..<100])
        // GNU's format keeps other things where the prefix is.
        let hasPrefix = block[257..<263].elementsEqual("ustar\u{0}".utf8)
        let prefix = hasPrefix ? Self.text(block[345..<500]) : []
        path = prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
        target = Self.text(block[157..<257])
        let kind = try Self.kind(ofFlag: block[156], path: path)
        self.kind = kind
        let size = try Self.number(block[124..<136], "size")
        if size < 0 { throw .tar(.number(field: "size")) }
        self.size = Self.hasData(kind) ? size : 0
        mode = UInt16(truncatingIfNeeded: try Self.number(block[100..<108], "mode")) & 0o7777
        user = try Self.number(block[108..<116], "user")
        group = try Self.number(block[116..<124], "group")
        seconds = try Self.number(block[136..<148], "time")
    }

    /// Sums the bytes as unsigned numbers, or as signed ones as some old programs did; its own field as blanks.
    private static func checkChecksum(_ block: [UInt8]) throws(ArchiveFault) {
        var (unsigned, signed) = (Int64(8 * 32), Int64(8 * 32))
        for (index, byte) in block.enumerated() where !(148..<156).contains(index) {
            unsigned += Int64(byte)
            signed += Int64(Int8(bitPattern: byte))
        }
        guard let stated = try? number(block[148..<156], "checksum"), stated == unsigned || stated == signed else {
            throw .tar(.headerChecksum)
        }
    }

    private static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

    /// Octal digits between blanks and NULs, or base 256; an empty field is 0.
    static func number(_ field: ArraySlice<UInt8>, _ name: String) throws(ArchiveFault) -> Int64 {
        if let first = field.first, first & 0x80 != 0 { return try binary(field, name) }
        let isFill: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0 }
        var value: Int64 = 0
        let digits = field.drop(while: isFill)
        let rest = digits.drop { (0x30...0x37).contains($0) }
        for digit in digits[digits.startIndex..<rest.startIndex] {
            guard value >> 60 == 0 else { throw .tar(.number(field: name)) }
            value = value << 3 | Int64(digit - 0x30)
        }
        guard rest.allSatisfy(isFill) else { throw .tar(.number(field: name)) }
        return value
    }

    /// A number of two's complement, the highest bit being a mark.
    private static func binary(_ field: ArraySlice<UInt8>, _ name: String) throws(ArchiveFault) -> Int64 {
        guard let first = field.first else { return 0 }
        let isNegative = first & 0x40 != 0
        var value: Int64 = isNegative ? -1 : 0
        for (index, byte) in field.enumerated() {
            // The mark is no part of the number: it counts as its sign does.
            let byte = index > 0 ? byte : isNegative ? byte | 0x80 : byte & 0x7F
            guard value >> 54 == (isNegative ? -1 : 0) else { throw .tar(.number(field: name)) }
            value = value << 8 | Int64(byte)
        }
        return value
    }

    private static func kind(ofFlag flag: UInt8, path: [UInt8]) throws(ArchiveFault) -> Kind {
        switch flag {
        // The format of 1979 tells folders by their names.
        case 0 where path.last == UInt8(ascii: "/"): .entry(.directory)
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .entry(.file)
        case UInt8(ascii: "1"): .entry(.hardLink)
        case UInt8(ascii: "2"): .entry(.symbolicLink)
        case UInt8(ascii: "3"): .entry(.special(.characterDevice))
        case UInt8(ascii: "4"): .entry(.special(.blockDevice))
        case UInt8(ascii: "5"): .entry(.directory)
        case UInt8(ascii: "6"): .entry(.special(.fifo))
        case UInt8(ascii: "s"): .entry(.special(.socket))
        case UInt8(ascii: "S"): .oldSparse
        case UInt8(ascii: "x"): .extended
        case UInt8(ascii: "g"): .globalExtended
        case UInt8(ascii: "L"): .longName
        case UInt8(ascii: "K"): .longLink
        default: throw .kind(.other(flag))
        }
    }

    /// Whether bytes follow: what is neither file nor header has none, whatever its size says.
    private static func hasData(_ kind: Kind) -> Bool {
        switch kind {
        case .entry(.file), .oldSparse, .extended, .globalExtended, .longName, .longLink: true
        case .entry: false
        }
    }
}
