// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import Archives

/// Builds zip files, rightly or wrongly.
struct ZipBytes {
    /// One member, with every number that its two headers have.
    struct Member {
        var name: [UInt8]
        var localName: [UInt8]?
        var contents: [UInt8]
        var packed: [UInt8]
        var method: UInt16
        var flags: UInt16 = 0
        var checksum: [UInt8]
        var compressedSize: UInt32
        var size: UInt32
        var extra: [UInt8] = []
        var comment: [UInt8] = []
        var madeBy: UInt16 = 20
        var attributes: UInt32 = 0
        var disk: UInt16 = 0
        var offsetError: UInt32 = 0
        /// What follows the contents where the sizes are not in the local header.
        var descriptor: [UInt8]?
        /// Changes what the directory says, after the local header was written.
        var inDirectory: (inout Member) -> Void = { _ in }

        init(_ name: String, _ contents: String = "", isDeflated: Bool = true) {
            self.init(name, bytes: Array(contents.utf8), isDeflated: isDeflated)
        }

        init(_ name: String, bytes contents: [UInt8], isDeflated: Bool = true) {
            self.name = Array(name.utf8)
            self.contents = contents
            packed = isDeflated ? GzipBytes.deflate(contents) : contents
            method = isDeflated ? 8 : 0
            checksum = GzipBytes.crc(contents)
            compressedSize = UInt32(packed.count)
            size = UInt32(contents.count)
            if name.utf8.contains(where: { $0 >= 0x80 }) { flags = 0x0800 }
        }

        /// The numbers behind the contents, with or without a signature.
        static func descriptor(_ member: Member, signed: Bool) -> [UInt8] {
            (signed ? Array("PK\u{7}\u{8}".utf8) : []) + member.checksum + uint32(member.compressedSize)
                + uint32(member.size)
        }

        fileprivate var fixedFields: [UInt8] {
            uint16(20) + uint16(flags) + uint16(method) + [0, 0, 0x21, 0x5A]
        }
    }

    private(set) var bytes: [UInt8] = []
    private var directory: [UInt8] = []
    private var count: UInt16 = 0

    static func archive(_ build: (inout ZipBytes) -> Void) -> [UInt8] {
        var zip = ZipBytes()
        build(&zip)
        zip.end()
        return zip.bytes
    }

    mutating func file(_ name: String, _ contents: String = "", _ change: (inout Member) -> Void = { _ in }) {
        var member = Member(name, contents)
        change(&member)
        add(member)
    }

    mutating func add(_ member: Member) {
        let offset = UInt32(bytes.count)
        let isStreamed = member.descriptor != nil
        let name = member.localName ?? member.name
        let flags = member.flags | (isStreamed ? 8 : 0)
        var local = member
        local.flags = flags
        let numbers =
            isStreamed
            ? [UInt8](repeating: 0, count: 12)
            : member.checksum + uint32(member.compressedSize) + uint32(member.size)
        bytes += Array("PK\u{3}\u{4}".utf8) + local.fixedFields + numbers
        bytes += uint16(UInt16(name.count)) + uint16(UInt16(member.extra.count)) + name + member.extra
        bytes += member.packed + (member.descriptor ?? [])
        var listed = local
        listed.inDirectory(&listed)
        let numbersInDirectory = listed.checksum + uint32(listed.compressedSize) + uint32(listed.size)
        directory += Array("PK\u{1}\u{2}".utf8) + uint16(listed.madeBy) + listed.fixedFields + numbersInDirectory
        directory += uint16(UInt16(listed.name.count)) + uint16(UInt16(listed.extra.count))
        directory += uint16(UInt16(listed.comment.count)) + uint16(listed.disk) + uint16(0)
        directory += uint32(listed.attributes) + uint32(offset &+ listed.offsetError)
        directory += listed.name + listed.extra + listed.comment
        count += 1
    }

    mutating func raw(_ more: [UInt8]) { bytes += more }

    mutating func raw(inDirectory more: [UInt8]) { directory += more }

    /// Ends the file; `change` gets the fields of the end record behind its signature.
    mutating func end(comment: [UInt8] = [], _ change: (inout [UInt8]) -> Void = { _ in }) {
        var record = [0, 0, 0, 0] + uint16(count) + uint16(count)
        record += uint32(UInt32(directory.count)) + uint32(UInt32(bytes.count)) + uint16(UInt16(comment.count))
        change(&record)
        bytes += directory + Array("PK\u{5}\u{6}".utf8) + record + comment
    }

    static func built(_ build: (inout ZipBytes) -> Void) -> [UInt8] {
        var zip = ZipBytes()
        build(&zip)
        return zip.bytes
    }
}

private func uint16(_ value: UInt16) -> [UInt8] { (0..<2).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
private func uint32(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
