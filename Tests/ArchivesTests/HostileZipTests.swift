// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Testing

@testable import Archives

/// A zip file that two readers could understand in two ways is refused, for the reason that is its own.
struct HostileZip: Sendable, CustomTestStringConvertible {
    let name: String
    let fault: ArchiveFault
    let entry: String?
    let bytes: [UInt8]

    var testDescription: String { name }

    private init(_ name: String, _ fault: ArchiveFault, in entry: String? = nil, _ bytes: [UInt8]) {
        self.name = name
        self.fault = fault
        self.entry = entry
        self.bytes = bytes
    }

    /// A sound member with one thing wrong about it.
    private static func member(
        _ name: String,
        _ fault: ArchiveFault,
        in entry: String? = "pdf.exe",
        _ change: (inout ZipBytes.Member) -> Void
    ) -> HostileZip {
        HostileZip(name, fault, in: entry, ZipBytes.archive { $0.file("pdf.exe", "MZ and more", change) })
    }

    private static func path(_ path: String, _ fault: PathFault) -> HostileZip {
        member("path \(path.debugDescription)", .path(fault), in: path) { $0.name = Array(path.utf8) }
    }

    private static func end(_ name: String, _ field: String, _ change: (inout [UInt8]) -> Void) -> HostileZip {
        let bytes = ZipBytes.built { zip in
            zip.file("pdf.exe", "MZ")
            zip.end(change)
        }
        return HostileZip(name, .zip(.disagreement(field: field)), bytes)
    }

    static let all: [HostileZip] = paths + members + directory + ends

    static let paths: [HostileZip] = [
        path("../pdf.exe", .climbs), path("/pdf.exe", .absolute), path("C:/pdf.exe", .drive),
        path("bin\\pdf.exe", .backslash), path("nul.exe", .deviceName), path("a/../../pdf.exe", .climbs),
        path("pdf.exe\u{0}.txt", .nul), path("bin//pdf.exe", .emptyComponent),
        member("no path", .path(.empty), in: nil) { $0.name = [] },
        HostileZip(
            "one path twice",
            .path(.repeated),
            in: "pdf.exe",
            ZipBytes.archive { zip in
                zip.file("pdf.exe", "MZ")
                zip.file("pdf.exe", "other")
            }
        ),
        HostileZip(
            "paths that differ in case",
            .path(.differsOnlyInCase(from: "pdf.exe")),
            in: "PDF.exe",
            ZipBytes.archive { zip in
                zip.file("pdf.exe", "MZ")
                zip.file("PDF.exe", "other")
            }
        ),
        member("unknown encoding", .zip(.unsupported(feature: "a path in an unknown encoding")), in: nil) {
            $0.name = [0x81, 0x82]
        },
    ]

    static let members: [HostileZip] = [
        member("encrypted", .zip(.unsupported(feature: "encryption")), in: nil) { $0.flags = 1 },
        member("masked", .zip(.unsupported(feature: "encryption")), in: nil) { $0.flags = 0x2000 },
        member("patch", .zip(.unsupported(feature: "a flag of unknown meaning")), in: nil) { $0.flags = 0x20 },
        member("LZMA", .zip(.unsupported(feature: "compression method 14")), in: nil) { $0.method = 14 },
        member("ZIP64 sizes", .zip(.unsupported(feature: "ZIP64")), in: nil) { $0.size = .max },
        member("ZIP64 extra field", .zip(.unsupported(feature: "ZIP64")), in: nil) { $0.extra = [1, 0, 1, 0, 7] },
        member("another path in an extra field", .zip(.unsupported(feature: "a second path for an entry")), in: nil) {
            $0.extra = [0x75, 0x70, 1, 0, 1]
        },
        member("extra field too long", .zip(.extraField), in: nil) { $0.extra = [0x55, 0x54, 9, 0, 1] },
        member("extra field cut", .zip(.extraField), in: nil) { $0.extra = [0x55, 0x54] },
        member("stored without a size", .zip(.unsupported(feature: "a stored entry without its size")), in: nil) {
            $0.method = 0
            $0.descriptor = ZipBytes.Member.descriptor($0, signed: true)
        },
        member("stored with two sizes", .zip(.length)) {
            $0.method = 0
            $0.compressedSize -= 1
        },
        member("wrong checksum", .zip(.checksum)) { $0.checksum[0] ^= 1 },
        member("longer than it says", .zip(.length)) { $0.size -= 1 },
        member("shorter than it says", .zip(.length)) { $0.size += 1 },
        member("stream ends before its size", .zip(.length)) {
            $0.packed += [0, 0]
            $0.compressedSize += 2
        },
        member("stream goes beyond its size", .zip(.brokenStream)) { $0.compressedSize -= 2 },
        member("broken stream", .zip(.brokenStream)) { $0.packed[0] = 0x07 },
        member("descriptor with another checksum", .zip(.checksum)) {
            $0.descriptor = ZipBytes.Member.descriptor($0, signed: true)
            $0.descriptor?[4] ^= 1
        },
        member("descriptor with another size", .zip(.length)) {
            $0.descriptor = ZipBytes.Member.descriptor($0, signed: false)
            $0.descriptor?[8] ^= 1
        },
        member("folder with contents", .zip(.sizeOfFolder), in: "pdf.exe/") { $0.name = Array("pdf.exe/".utf8) },
        HostileZip("stub before the first entry", .zip(.notZip), Array("MZstub".utf8) + sound),
        HostileZip(
            "bytes between entries",
            .zip(.bytesBetween),
            ZipBytes.archive { zip in
                zip.file("a", "a")
                zip.raw([1, 2, 3, 4])
                zip.file("b", "b")
            }
        ),
    ]

    static let directory: [HostileZip] = [
        member("other path in the directory", .zip(.disagreement(field: "path")), in: "PDF.exe") {
            $0.inDirectory = { $0.name = Array("PDF.exe".utf8) }
        },
        member("other size in the directory", .zip(.disagreement(field: "size"))) { $0.inDirectory = { $0.size += 1 } },
        member("other flags in the directory", .zip(.disagreement(field: "flags"))) {
            $0.inDirectory = { $0.flags = 2 }
        },
        member("other method in the directory", .zip(.disagreement(field: "compression method"))) {
            $0.inDirectory = { $0.method = 0 }
        },
        member("other checksum in the directory", .zip(.disagreement(field: "checksum"))) {
            $0.inDirectory = { $0.checksum[0] ^= 1 }
        },
        member("other place in the directory", .zip(.disagreement(field: "offset"))) { $0.offsetError = 1 },
        member("other disk", .zip(.unsupported(feature: "several disks")), in: nil) { $0.disk = 1 },
        member("symbolic link", .kind(.symbolicLink)) {
            $0.madeBy = 3 << 8 | 20
            $0.attributes = 0o120777 << 16
        },
        member("device", .kind(.characterDevice)) {
            $0.madeBy = 3 << 8 | 20
            $0.attributes = 0o020600 << 16
        },
        member("folder that is a file", .zip(.disagreement(field: "kind"))) { $0.attributes = 0x10 },
        HostileZip(
            "entry that is not in the directory",
            .zip(.disagreement(field: "number of entries")),
            ZipBytes.built { zip in
                zip.file("pdf.exe", "MZ")
                zip.raw(Array(other.prefix(localSize)))
                zip.end()
            }
        ),
        HostileZip(
            "entry that is only in the directory",
            .zip(.disagreement(field: "number of entries")),
            in: "pdf.exe",
            ZipBytes.archive { zip in
                zip.file("pdf.exe", "MZ")
                zip.raw(inDirectory: Array(sound[localSize...].prefix(46 + 7)))
            }
        ),
    ]

    static let ends: [HostileZip] = [
        end("other count", "number of entries") { ($0[4], $0[6]) = (2, 2) },
        end("other place of the directory", "place of the directory") { $0[12] ^= 1 },
        end("other size of the directory", "place of the directory") { $0[8] ^= 1 },
        HostileZip("nothing", .zip(.notZip), []),
        HostileZip("a tar.gz", .zip(.notZip), GzipBytes.pack([1, 2, 3])),
        HostileZip("cut in an entry", .zip(.truncated), in: "pdf.exe", Array(sound.prefix(localSize - 1))),
        HostileZip("cut before the directory", .zip(.truncated), in: "pdf.exe", Array(sound.prefix(localSize))),
        HostileZip("cut in the end", .zip(.truncated), Array(sound.dropLast())),
        HostileZip("bytes behind the end", .zip(.bytesAfterEnd), sound + [0]),
        HostileZip("two files in a row", .zip(.bytesAfterEnd), sound + sound),
        HostileZip(
            "another end in the comment",
            .zip(.bytesAfterEnd),
            ZipBytes.built { zip in
                zip.file("pdf.exe", "MZ")
                zip.end(comment: Array("PK\u{5}\u{6}".utf8) + [UInt8](repeating: 0, count: 18))
            }
        ),
    ]

    static let sound = ZipBytes.archive { $0.file("pdf.exe", "MZ") }
    private static let other = ZipBytes.archive { $0.file("add.exe", "MZ") }
    /// Bytes of its one entry, before the directory.
    static let localSize = 30 + 7 + GzipBytes.deflate(Array("MZ".utf8)).count
}

struct HostileZipTests {
    @Test(arguments: HostileZip.all, [1, 7, .max])
    func refusesHostileZip(_ zip: HostileZip, _ pieces: Int) {
        for engine in Extraction.engines {
            let error = #expect(throws: ArchiveError.self) {
                _ = try ZipReaderTests.read(zip.bytes, into: ArchiveInspector(), engine: engine, pieces: pieces)
            }
            #expect(Refusal(error) == Refusal(zip.fault, zip.entry), "\(engine)")
            #expect(error?.code == .archiveUnsafe)
        }
    }

    @Test func soundZipIsRead() throws {
        #expect(try ZipReaderTests.read(HostileZip.sound, into: ArchiveInspector()).listing.files.count == 1)
    }

    /// Whatever byte is changed, the file is refused, or comes out as it was.
    @Test(arguments: HostileZip.sound.indices)
    func changedByteNeverChangesWhatComesOut(_ index: Int) throws {
        let sound = try ZipReaderTests.read(HostileZip.sound, into: ArchiveInspector()).listing
        for bit in 0..<8 {
            var bytes = HostileZip.sound
            bytes[index] ^= 1 << bit
            let listing = try? ZipReaderTests.read(bytes, into: ArchiveInspector()).listing
            #expect(listing == nil || listing == sound, "bit \(bit)")
        }
    }

    @Test func everyPieceOfItIsRefused() {
        for count in HostileZip.sound.indices {
            #expect(throws: ArchiveError.self) {
                try ZipReaderTests.read(Array(HostileZip.sound.prefix(count)), into: ArchiveInspector())
            }
        }
    }
}
