// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The signatures and sizes of the records of a zip file (APPNOTE 6.3, sections 4.3.7 to 4.3.16).
enum ZipFormat {
    static let localHeader: UInt32 = 0x0403_4B50
    static let dataDescriptor: UInt32 = 0x0807_4B50
    static let centralHeader: UInt32 = 0x0201_4B50
    static let endRecord: UInt32 = 0x0605_4B50

    /// Bytes of a record without its signature and without what has no fixed length.
    static let localHeaderSize = 26
    static let descriptorSize = 12
    static let centralHeaderSize = 42
    static let endRecordSize = 18

    /// Stands in for a number that is in a ZIP64 record.
    static let beyond32Bits: UInt32 = .max
    static let beyond16Bits: UInt16 = .max
}

/// Numbers of a record, lowest byte first, read one after the other.
struct ZipFields {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Collection<UInt8>) { rest = Array(bytes)[...] }

    var isEmpty: Bool { rest.isEmpty }

    /// The record is as long as its fields together, so there are always bytes left.
    mutating func uint16() -> UInt16 { UInt16(truncatingIfNeeded: number(bytes: 2)) }
    mutating func uint32() -> UInt32 { UInt32(truncatingIfNeeded: number(bytes: 4)) }

    /// The next bytes, nil where there are fewer.
    mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private mutating func number(bytes count: Int) -> UInt64 {
        (bytes(count) ?? []).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// What both headers of a member say about it.
struct ZipMember: Hashable {
    enum Method: Hashable {
        case stored
        case deflated
    }

    /// What contents must come to.
    struct Summary: Hashable {
        let checksum: UInt32
        let compressedSize: UInt32
        let size: UInt32

        init(checksum: UInt32, compressedSize: UInt32, size: UInt32) {
            self.checksum = checksum
            self.compressedSize = compressedSize
            self.size = size
        }

        /// Reads the three fields, which stand together in every record.
        init(_ fields: inout ZipFields) {
            self.init(checksum: fields.uint32(), compressedSize: fields.uint32(), size: fields.uint32())
        }

        var isZIP64: Bool { compressedSize == ZipFormat.beyond32Bits || size == ZipFormat.beyond32Bits }
    }

    let method: Method
    /// Whether checksum and sizes follow the contents, as whoever wrote the file did not know them before.
    let hasDescriptor: Bool
    private let flags: UInt16
    /// All zero where it follows the contents.
    var summary: Summary
    /// Verbatim.
    var name: [UInt8] = []
    /// Where its local header begins.
    var offset: Int64 = 0
    /// Lengths of what follows the header.
    let nameLength: Int
    let extraLength: Int

    /// Reads the fields that both headers have in one order, from the flags to the length of the extra field.
    ///
    /// - Throws: `ArchiveFault` for what no plain zip file needs.
    init(_ fields: inout ZipFields) throws(ArchiveFault) {
        flags = fields.uint16()
        let method = fields.uint16()
        // Time and date are not restored.
        _ = fields.uint32()
        summary = Summary(&fields)
        nameLength = Int(fields.uint16())
        extraLength = Int(fields.uint16())
        hasDescriptor = flags & 0b1000 != 0
        self.method = try Self.method(method, flags)
        if method == 0, hasDescriptor { throw .zip(.unsupported(feature: "a stored entry without its size")) }
        if summary.isZIP64 { throw .zip(.unsupported(feature: "ZIP64")) }
        if nameLength > EntryPath.maximumLength { throw .path(.tooLong) }
    }

    var compressedSize: UInt32 { summary.compressedSize }
    var size: UInt32 { summary.size }

    private static func method(_ method: UInt16, _ flags: UInt16) throws(ArchiveFault) -> Method {
        // Encrypted, strongly encrypted, masked.
        if flags & 0x2041 != 0 { throw .zip(.unsupported(feature: "encryption")) }
        // Besides the descriptor: how hard it was compressed, and UTF-8.
        if flags & ~0x080E != 0 { throw .zip(.unsupported(feature: "a flag of unknown meaning")) }
        switch method {
        case 0: return .stored
        case 8: return .deflated
        default: throw .zip(.unsupported(feature: "compression method \(method)"))
        }
    }

    /// Takes what follows the header: the name and the extra field, which must change nothing about the entry.
    mutating func take(name: some Collection<UInt8>, extra: some Collection<UInt8>) throws(ArchiveFault) {
        self.name = Array(name)
        // Without the flag the bytes mean other characters on other machines.
        let isUTF8 = flags & 0x0800 != 0
        if !isUTF8, name.contains(where: { $0 >= 0x80 }) {
            throw .zip(.unsupported(feature: "a path in an unknown encoding"))
        }
        var fields = ZipFields(extra)
        while !fields.isEmpty {
            guard var header = fields.bytes(4).map(ZipFields.init) else { throw .zip(.extraField) }
            let (tag, length) = (header.uint16(), Int(header.uint16()))
            guard fields.bytes(length) != nil else { throw .zip(.extraField) }
            switch tag {
            case 0x0001: throw .zip(.unsupported(feature: "ZIP64"))
            case 0x0017, 0x9901: throw .zip(.unsupported(feature: "encryption"))
            // Another path for the entry, and a link or device of Unix.
            case 0x7075: throw .zip(.unsupported(feature: "a second path for an entry"))
            case 0x756E: throw .zip(.unsupported(feature: "a file type in an extra field"))
            default: break
            }
        }
    }

    var isDirectory: Bool { name.last == UInt8(ascii: "/") }

    /// The first field in which two headers of one member differ.
    func disagreement(with other: ZipMember) -> String? {
        if name != other.name { return "path" }
        if offset != other.offset { return "offset" }
        if flags != other.flags { return "flags" }
        if method != other.method { return "compression method" }
        if summary.checksum != other.summary.checksum { return "checksum" }
        if compressedSize != other.compressedSize { return "compressed size" }
        return size == other.size ? nil : "size"
    }
}

/// What the central directory says about a member.
struct ZipCentralHeader {
    var member: ZipMember
    let commentLength: Int
    private let system: UInt8
    private let attributes: UInt32

    /// Reads a header without its signature.
    init(_ bytes: [UInt8]) throws(ArchiveFault) {
        var fields = ZipFields(bytes)
        system = UInt8(fields.uint16() >> 8)
        // Which release of the format is needed: what is used tells better.
        _ = fields.uint16()
        member = try ZipMember(&fields)
        commentLength = Int(fields.uint16())
        if fields.uint16() != 0 { throw .zip(.unsupported(feature: "several disks")) }
        _ = fields.uint16()
        attributes = fields.uint32()
        let offset = fields.uint32()
        if offset == ZipFormat.beyond32Bits { throw .zip(.unsupported(feature: "ZIP64")) }
        member.offset = Int64(offset)
    }

    /// Refuses what is neither file nor folder, or not what its path says.
    func checkKind() throws(ArchiveFault) {
        // Unix and macOS keep the mode in the upper half.
        let type = system == 3 || system == 19 ? attributes >> 16 & 0o170000 : 0
        switch type {
        case 0, 0o100000, 0o040000: break
        case 0o120000: throw .kind(.symbolicLink)
        case 0o020000: throw .kind(.characterDevice)
        case 0o060000: throw .kind(.blockDevice)
        case 0o010000: throw .kind(.fifo)
        case 0o140000: throw .kind(.socket)
        default: throw .kind(.other(UInt8(type >> 12)))
        }
        let isMarkedFolder = type == 0o040000 || type == 0 && attributes & 0x10 != 0
        if isMarkedFolder != member.isDirectory, isMarkedFolder || type == 0o100000 {
            throw .zip(.disagreement(field: "kind"))
        }
    }
}

/// The last record of a zip file.
struct ZipEndRecord {
    let entries: Int
    let directorySize: Int64
    let directoryOffset: Int64
    let commentLength: Int

    /// Reads a record without its signature.
    init(_ bytes: [UInt8]) throws(ArchiveFault) {
        var fields = ZipFields(bytes)
        let (disk, first, here, all) = (fields.uint16(), fields.uint16(), fields.uint16(), fields.uint16())
        let (size, offset) = (fields.uint32(), fields.uint32())
        commentLength = Int(fields.uint16())
        if all == ZipFormat.beyond16Bits || size == ZipFormat.beyond32Bits || offset == ZipFormat.beyond32Bits {
            throw .zip(.unsupported(feature: "ZIP64"))
        }
        if disk != 0 || first != 0 || here != all { throw .zip(.unsupported(feature: "several disks")) }
        entries = Int(all)
        directorySize = Int64(size)
        directoryOffset = Int64(offset)
    }
}
