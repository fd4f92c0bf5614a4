// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import Archives

/// Kinds of entries that nobody needs, and headers that are wrong or lie.
extension HostileArchive {
    // MARK: Kinds

    private static let badKinds: [(name: String, type: Unicode.Scalar, fault: EntryKindFault)] = [
        ("hard link", "1", .hardLink), ("symbolic link", "2", .symbolicLink),
        ("character device", "3", .characterDevice),
        ("block device", "4", .blockDevice), ("named pipe", "6", .fifo), ("contiguous file", "7", .contiguous),
        ("GNU sparse file", "S", .sparse), ("socket", "s", .socket), ("long link name", "K", .symbolicLink),
        ("GNU folder dump", "D", .other(0x44)), ("GNU volume", "V", .other(0x56)),
        ("continued volume", "M", .other(0x4D)),
        ("old long name", "N", .other(0x4E)), ("Solaris extended header", "X", .other(0x58)),
        ("Solaris ACL", "A", .other(0x41)), ("inode", "I", .other(0x49)), ("unknown type", "\u{7F}", .other(0x7F)),
    ]

    static let kinds = badKinds.map { row in
        HostileArchive(row.name, .kind(row.fault), entry: "evil") { tar in
            tar.file("before", "fine")
            tar.file("evil", type: row.type) { $0.link = Array("/etc/passwd".utf8) }
        }
    }

    // MARK: Headers

    private static func header(
        _ name: String,
        _ fault: TarFault,
        entry: String = "f",
        _ change: (inout TarBytes.Header) -> Void
    ) -> HostileArchive {
        HostileArchive(name, .tar(fault), entry: entry) { $0.file("f", "hello", change) }
    }

    static let headers: [HostileArchive] = [
        header("wrong checksum", .headerChecksum) { $0.checksum = TarBytes.octal(1, digits: 6) + [0x20] },
        header("no checksum", .headerChecksum) { $0.checksum = [UInt8](repeating: 0, count: 8) },
        header("checksum of signed bytes", .headerChecksum, entry: "é") { header in
            header.name = Array("é".utf8)
            let sum = header.block.enumerated().reduce(0) { sum, byte in
                sum + ((148..<156).contains(byte.offset) ? 32 : Int(Int8(bitPattern: byte.element)))
            }
            header.checksum = TarBytes.octal(sum, digits: 6) + [0]
        },
        header("unknown magic", .unknownFormat) { $0.magic = Array("ustar\u{0}01".utf8) },
        header("magic in capitals", .unknownFormat) { $0.magic = Array("USTAR\u{0}00".utf8) },
        header("negative size", .number(field: "size")) { $0.size = Array("-0000000005\0".utf8) },
        header("negative size in base 256", .number(field: "size")) { $0.size = [UInt8](repeating: 0xFF, count: 12) },
        header("size in base 256", .number(field: "size")) {
            $0.size = [0x80] + [UInt8](repeating: 0, count: 10) + [5]
        },
        header("huge size in base 256", .number(field: "size")) {
            $0.size = [0x80] + [UInt8](repeating: 0x7F, count: 11)
        },
        header("decimal digits in a size", .number(field: "size")) { $0.size = Array("00000000009\0".utf8) },
        header("size with something behind", .number(field: "size")) { $0.size = Array("5\u{0}7777777777".utf8) },
        header("size with a sign", .number(field: "size")) { $0.size = Array("+0000000005\0".utf8) },
        header("size in hexadecimal", .number(field: "size")) { $0.size = Array("0x000000005\0".utf8) },
        header("no size", .number(field: "size")) { $0.size = [UInt8](repeating: 0, count: 12) },
        header("blank size", .number(field: "size")) { $0.size = [UInt8](repeating: 0x20, count: 12) },
        header("mode that is no number", .number(field: "mode")) { $0.mode = Array("rwxr-xr\0".utf8) },
        header("letter in a time", .number(field: "time")) { $0.patches = [(140, Array("x".utf8))] },
        header("sign in a time", .number(field: "time")) { $0.patches = [(136, Array("-0000000001\0".utf8))] },
        header("time with something behind", .number(field: "time")) {
            $0.patches = [(136, Array("5\u{0}000000000\0".utf8))]
        },
        header("time that begins like base 256", .number(field: "time")) { $0.patches = [(136, [0x81])] },
        header("time beyond 63 bits", .number(field: "time")) { $0.patches = [(136, [0x80, 0, 0, 1])] },
        header("digit 8 in a user", .number(field: "user")) { $0.patches = [(110, Array("8".utf8))] },
        header("words as a group", .number(field: "group")) { $0.patches = [(116, Array("staff\0".utf8))] },
        header("letter in a device", .number(field: "device")) { $0.patches = [(331, Array("a".utf8))] },
        header("letter in a minor device of GNU", .number(field: "device")) { header in
            header.magic = Array("ustar  \0".utf8)
            header.patches = [(337, Array("00_0000\0".utf8))]
        },
        header("bytes behind the name", .hiddenBytes) { $0.patches = [(50, Array("hidden".utf8))] },
        header("bytes behind the prefix", .hiddenBytes) { $0.patches = [(400, Array("hidden".utf8))] },
        header("trailer of star", .hiddenBytes) { $0.patches = [(508, Array("tar\0".utf8))] },
        header("prefix in a GNU header", .hiddenBytes) { header in
            header.magic = Array("ustar  \0".utf8)
            header.prefix = Array("..".utf8)
        },
        header("sparse map in a GNU header", .hiddenBytes) { header in
            header.magic = Array("ustar  \0".utf8)
            header.patches = [(386, Array("00000000000\0".utf8))]
        },
        header("prefix in an old header", .hiddenBytes) { header in
            header.magic = []
            header.prefix = Array("..".utf8)
        },
        HostileArchive("folder with contents", .tar(.sizeOfFolder), entry: "d/") { $0.file("d/", "hello", type: "5") },
        HostileArchive("file with a slash", .tar(.trailingSlash), entry: "d/") { $0.file("d/", "hello") },
        HostileArchive("old file with a slash", .tar(.trailingSlash), entry: "d/") { $0.file("d/", type: "\0") },
    ]

    // MARK: Extended headers

    private static func pax(
        _ name: String,
        _ fault: ArchiveFault,
        entry: String = "PaxHeaders/x",
        _ records: (String, String)...
    ) -> HostileArchive {
        HostileArchive("PAX: \(name)", fault, entry: entry) { tar in
            tar.pax(records)
            tar.file("f", "hello")
        }
    }

    private static func brokenPAX(_ name: String, _ raw: String) -> HostileArchive {
        HostileArchive("PAX: \(name)", .tar(.extendedHeader), entry: "PaxHeaders/x") { tar in
            tar.pax(raw: Array(raw.utf8))
            tar.file("f", "hello")
        }
    }

    static let extended: [HostileArchive] = [
        pax("other path", .tar(.disagreement(field: "path")), entry: "f", ("path", "g")),
        pax("other size", .tar(.disagreement(field: "size")), entry: "f", ("size", "6")),
        pax("size zero", .tar(.disagreement(field: "size")), entry: "f", ("size", "0")),
        pax("negative size", .tar(.number(field: "size")), ("size", "-1")),
        pax("size beyond all numbers", .tar(.number(field: "size")), ("size", String(repeating: "9", count: 30))),
        pax("empty path", .tar(.extendedRecord(key: "path")), ("path", "")),
        pax("one key twice", .tar(.extendedRecord(key: "path")), ("path", "f"), ("path", "f")),
        pax("link path for a file", .tar(.disagreement(field: "type")), entry: "f", ("linkpath", "/etc/passwd")),
        pax("sparse file", .kind(.sparse), ("GNU.sparse.major", "1"), ("GNU.sparse.name", "f")),
        pax("real size of star", .tar(.extendedRecord(key: "SCHILY.realsize")), ("SCHILY.realsize", "9")),
        pax("bytes that are no UTF-8", .tar(.extendedRecord(key: "hdrcharset")), ("hdrcharset", "BINARY")),
        pax("unknown record", .tar(.extendedRecord(key: "III.surprise")), ("III.surprise", "1")),
        brokenPAX("no length", "path=f\n"),
        brokenPAX("length zero", "0 path=f\n"),
        brokenPAX("length with a leading zero", "010 path=f\n"),
        brokenPAX("length that is too short", "8 path=f\n9 path=f\n"),
        brokenPAX("length beyond the end", "99 path=f\n"),
        brokenPAX("length beyond all numbers", String(repeating: "9", count: 40) + " path=f\n"),
        brokenPAX("no line end", "10 path=ff"),
        brokenPAX("no equals sign", "10 pathff\n"),
        brokenPAX("no key", "5 =f\n"),
        brokenPAX("key of combining marks", "4014 e" + String(repeating: "\u{300}", count: 2003) + "=\n"),
        brokenPAX("rest behind the records", "10 path=f\n\0\0"),
        HostileArchive("PAX: too long", .tar(.extendedHeaderTooLong), entry: "PaxHeaders/x") { tar in
            tar.pax([("comment", String(repeating: "c", count: 1 << 16))])
            tar.file("f", "hello")
        },
        HostileArchive("PAX: empty", .tar(.extendedHeader), entry: "PaxHeaders/x") { tar in
            tar.pax([])
            tar.file("f", "hello")
        },
        HostileArchive("PAX: two headers", .tar(.severalExtendedHeaders), entry: "PaxHeaders/x") { tar in
            tar.pax([("mtime", "1")])
            tar.pax([("path", "g")])
            tar.file("f", "hello")
        },
        HostileArchive("PAX: global path", .tar(.extendedRecord(key: "path")), entry: "PaxHeaders/x") { tar in
            tar.pax([("path", "g")], type: "g")
            tar.file("f", "hello")
        },
        HostileArchive("PAX: global size", .tar(.extendedRecord(key: "size")), entry: "PaxHeaders/x") { tar in
            tar.pax([("size", "1")], type: "g")
            tar.file("f", "hello")
        },
        HostileArchive("PAX: global header between", .tar(.severalExtendedHeaders), entry: "PaxHeaders/x") { tar in
            tar.pax([("path", "f")])
            tar.pax([("comment", "c")], type: "g")
            tar.file("f", "hello")
        },
        HostileArchive("PAX: nothing follows", .tar(.extendedHeaderWithoutEntry), entry: nil) { tar in
            tar.file("f", "hello")
            tar.pax([("path", "g")])
        },
        HostileArchive("GNU: other name", .tar(.disagreement(field: "path")), entry: "f") { tar in
            tar.gnuName("g")
            tar.file("f", "hello")
        },
        HostileArchive("GNU: two long names", .tar(.severalExtendedHeaders), entry: "././@LongLink") { tar in
            tar.gnuName(long)
            tar.gnuName(long + "2")
            tar.file("f", "hello")
        },
        HostileArchive("GNU: long name and other PAX path", .tar(.disagreement(field: "path")), entry: "f") { tar in
            tar.gnuName(long)
            tar.pax([("path", long + "2")])
            tar.file("f", "hello")
        },
        HostileArchive("GNU: long name without its end", .tar(.extendedHeader), entry: "././@LongLink") { tar in
            tar.gnuName(long, terminator: [])
            tar.file("f", "hello")
        },
        HostileArchive("GNU: empty long name", .tar(.extendedHeader), entry: "././@LongLink") { tar in
            tar.gnuName("")
            tar.file("f", "hello")
        },
        HostileArchive("GNU: nothing follows", .tar(.extendedHeaderWithoutEntry)) { $0.gnuName(long) },
    ]
}
