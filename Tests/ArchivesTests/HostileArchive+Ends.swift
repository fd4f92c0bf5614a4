// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import Archives

/// Archives that end too early or too late, that are too large, and gzip files that are wrong.
extension HostileArchive {
    // MARK: Ends

    static let ends: [HostileArchive] = [
        HostileArchive("nothing in the gzip file", gzip: GzipBytes.pack([]), .tar(.truncated)),
        .unended("no end blocks", .tar(.truncated), entry: "f") { $0.file("f", "hello") },
        .unended("one end block", .tar(.truncated)) { tar in
            tar.file("f", "hello")
            tar.zeros(512)
        },
        .unended("half an end block", .tar(.truncated)) { tar in
            tar.file("f", "hello")
            tar.zeros(512 + 100)
        },
        .unended("end that is no whole block", .tar(.truncated)) { tar in
            tar.file("f", "hello")
            tar.zeros(1024 + 100)
        },
        .unended("half a header", .tar(.truncated)) { tar in
            tar.bytes = Array(TarBytes.Header("f").block[..<200])
        },
        .unended("contents cut", .tar(.truncated), entry: "f") { tar in
            tar.bytes = TarBytes.Header("f", size: 2000).block + [UInt8](repeating: 1, count: 1000)
        },
        .unended("padding cut", .tar(.truncated), entry: "f") { tar in
            tar.bytes = TarBytes.Header("f", size: 20).block + [UInt8](repeating: 1, count: 100)
        },
        .unended("extended header cut", .tar(.truncated), entry: "PaxHeaders/x") { tar in
            tar.bytes = TarBytes.Header("PaxHeaders/x", type: "x", size: 20).block + Array("20 ".utf8)
        },
        .unended("lone zero block", .tar(.loneZeroBlock)) { tar in
            tar.file("f", "hello")
            tar.zeros(512)
            tar.file("g", "hello")
            tar.end()
        },
        .unended("entry after the end", .tar(.bytesAfterEnd)) { tar in
            tar.file("f", "hello")
            tar.end()
            tar.file("g", "hello")
            tar.end()
        },
        .unended("byte after the end", .tar(.bytesAfterEnd)) { tar in
            tar.file("f", "hello")
            tar.end()
            tar.zeros(9000)
            tar.bytes += [1]
        },
    ]

    // MARK: Limits

    static let limits: [HostileArchive] = [
        HostileArchive("bomb: two MiB of zeros after the end", .tar(.tooMuchPadding)) { $0.zeros(2 << 20) },
        HostileArchive("bomb: 1,025 files", .limit(.entries, limit: 1024), entry: "f1024") { tar in
            for number in 0...1024 { tar.file("f\(number)") }
        },
        HostileArchive("bomb: 1,025 global headers", .limit(.entries, limit: 1024), entry: "PaxHeaders/x") { tar in
            for _ in 0...1024 { tar.pax([("comment", "c")], type: "g") }
        },
        HostileArchive("bomb: 17 levels", .limit(.depth, limit: 16), entry: String(repeating: "d/", count: 16) + "f") {
            $0.file(String(repeating: "d/", count: 16) + "f")
        },
        HostileArchive(
            "bomb: folder 17 levels down",
            .limit(.depth, limit: 16),
            entry: String(repeating: "d/", count: 17)
        ) {
            $0.folder(String(repeating: "d/", count: 17))
        },
        HostileArchive("bomb: file of 32 MiB and a byte", .limit(.file, limit: 32 << 20), entry: "big") { tar in
            tar.header("big") { $0.size = TarBytes.octal((32 << 20) + 1, digits: 11) }
        },
        HostileArchive("bomb: file of 64 GiB, declared", .limit(.file, limit: 32 << 20), entry: "big") { tar in
            tar.header("big") { $0.size = Array("777777777777".utf8) }
        },
        HostileArchive("bomb: 64 MiB and a byte together", .limit(.unpacked, limit: 64 << 20), entry: "c") { tar in
            for name in ["a", "b"] { tar.file(Array(name.utf8), [UInt8](repeating: 0, count: 32 << 20)) }
            tar.file("c", "x")
        },
    ]

    // MARK: Gzip

    private static func changed(_ index: Int, _ byte: UInt8) -> [UInt8] {
        var header = GzipBytes.header
        header[index] = byte
        return header
    }

    private static let sound = TarBytes.archive { $0.file("f", "hello") }
    private static let packed = GzipBytes.pack(sound)

    private static func gzip(_ name: String, _ fault: GzipFault, _ bytes: [UInt8]) -> HostileArchive {
        HostileArchive("gzip: \(name)", gzip: bytes, .gzip(fault))
    }

    private static func header(flags: UInt8, _ rest: [UInt8] = []) -> [UInt8] {
        [0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 3] + rest
    }

    static let wrappers: [HostileArchive] = [
        gzip("nothing at all", .notGzip, []),
        gzip("plain tar", .notGzip, sound),
        gzip("zip", .notGzip, Array("PK\u{3}\u{4}".utf8)),
        gzip("zstandard", .notGzip, [0x28, 0xB5, 0x2F, 0xFD]),
        gzip("other method", .notGzip, [0x1F, 0x8B, 7] + packed.dropFirst(3)),
        gzip("reserved flag", .reservedFlags, GzipBytes.pack(sound, header: header(flags: 0x20))),
        gzip("unknown compression", .headerField("compression"), GzipBytes.pack(sound, header: changed(8, 3))),
        gzip("unknown system", .headerField("operating system"), GzipBytes.pack(sound, header: changed(9, 0x41))),
        gzip(
            "extra field of no subfields",
            .headerField("extra field"),
            GzipBytes.pack(sound, header: header(flags: 4, [3, 0, 7, 0, 9]))
        ),
        gzip(
            "subfield beyond its field",
            .headerField("extra field"),
            GzipBytes.pack(sound, header: header(flags: 4, [5, 0, 0x41, 0x70, 2, 0, 9]))
        ),
        gzip("name without end", .headerTooLong, header(flags: 8, [UInt8](repeating: 0x61, count: 5000))),
        gzip("long extra field", .headerTooLong, header(flags: 4, [0xFF, 0xFF] + [UInt8](repeating: 0, count: 70000))),
        gzip("wrong header checksum", .headerChecksum, GzipBytes.pack(sound, header: header(flags: 2, [1, 2]))),
        gzip("header cut", .truncated, Array(packed[..<7])),
        gzip("name cut", .truncated, header(flags: 8, Array("name".utf8))),
        gzip("nothing after the header", .truncated, GzipBytes.header),
        gzip("cut in the middle", .truncated, Array(packed[..<(packed.count / 2)])),
        gzip("no trailer", .truncated, Array(packed.dropLast(8))),
        gzip("trailer cut", .truncated, Array(packed.dropLast(1))),
        gzip("broken stream", .brokenStream, GzipBytes.header + [0xFF, 0xFF, 0xFF, 0xFF] + packed.dropFirst(14)),
        gzip(
            "reach before the beginning",
            .brokenStream,
            GzipBytes.header + [0x63, 0x00, 0x12, 0x00] + packed.suffix(8)
        ),
        gzip("wrong checksum", .checksum, packed.dropLast(8) + [1, 2, 3, 4] + packed.suffix(4)),
        gzip("wrong length", .length, packed.dropLast(4) + [9, 0, 0, 0]),
        gzip("two members", .severalMembers, packed + packed),
        gzip("empty second member", .severalMembers, packed + GzipBytes.pack([])),
        gzip("byte behind", .bytesAfterEnd, packed + [0]),
        gzip("magic cut behind", .bytesAfterEnd, packed + [0x1F]),
        gzip("zeros behind", .bytesAfterEnd, packed + [UInt8](repeating: 0, count: 512)),
    ]
}
