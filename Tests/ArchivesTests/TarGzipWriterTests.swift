// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import Archives

/// What we pack is read by everyone, is the same on every machine, and passes our own rules.
struct TarGzipWriterTests {
    private static let files = [
        PackedFile(path: "iii.worker.yaml", source: .bytes(Array("name: w\n".utf8)), isExecutable: false),
        PackedFile(path: "bin/run", source: .bytes(Array("#!/bin/sh\n".utf8)), isExecutable: true),
        PackedFile(path: "empty", source: .bytes([]), isExecutable: false),
        PackedFile(path: "naïve/🦊", source: .bytes([1, 2, 3]), isExecutable: false),
        PackedFile(
            path: String(repeating: "deep/", count: 15) + String(repeating: "é", count: 100),
            source: .bytes([UInt8](repeating: 7, count: 200_000)),
            isExecutable: false
        ),
    ]

    @Test(arguments: OracleTests.readers)
    func othersReadWhatWePack(_ reader: String) throws {
        try withTemporaryDirectory { root in
            let path = root.appending("archive.tar.gz")
            let packed = try TarGzipWriter.write(Self.files, to: path, limits: .bundle)
            try Shell.run("gzip -t archive.tar.gz && mkdir other && \(reader)", in: root)
            let archive = try read(path)
            let listing = try Extraction.read(archive, into: ArchiveInspector()).listing
            #expect(try Tree(below: root.appending("other")) == Tree(listing))
            #expect(listing.files.count == Self.files.count)
            #expect(packed.digest == .sha256(archive))
            #expect(packed.size == ByteCount(archive.count))
            #expect(packed.unpacked == listing.size)
        }
    }

    @Test func listsAsSortedAndOwnedByNobody() throws {
        try withTemporaryDirectory { root in
            _ = try TarGzipWriter.write(
                Self.files.reversed(),
                to: root.appending("archive.tar.gz"),
                time: 86400,
                limits: .bundle
            )
            let listing = try Shell.run(
                "TZ=UTC tar --numeric-owner -tvzf archive.tar.gz > listing; head -3 listing",
                in: root
            )
            #expect(
                listing == """
                    -rwxr-xr-x 0/0              10 1970-01-02 00:00 bin/run
                    -rw-r--r-- 0/0          200000 1970-01-02 00:00 \(Self.files[4].path)
                    -rw-r--r-- 0/0               0 1970-01-02 00:00 empty

                    """
            )
        }
    }

    @Test func bytesDoNotDependOnOrderPlaceOrTimes() throws {
        try withTemporaryDirectory { root in
            try Shell.run(
                "mkdir one two && echo hello > one/f && echo hello > two/f && touch -d 2001-01-01 two/f",
                in: root
            )
            func pack(_ folder: String, reversed: Bool) throws -> Digest {
                let file = PackedFile(path: "f", source: .file(root.appending("\(folder)/f")), isExecutable: false)
                let files = Self.files + [file]
                let path = root.appending("\(folder).tar.gz")
                return try TarGzipWriter.write(reversed ? files.reversed() : files, to: path, limits: .bundle).digest
            }
            #expect(try pack("one", reversed: false) == pack("two", reversed: true))
        }
    }

    /// Around the ends of blocks, with what compresses and what does not: another reader finds what was packed.
    @Test(arguments: [0, 1, (1 << 20) - 1536, (1 << 20) - 1024, 1 << 20, (9 << 20) + 77])
    func largeContentsComeBackFromOtherReaders(_ size: Int) throws {
        try withTemporaryDirectory { root in
            var random = SystemRandomNumberGenerator()
            for period in [1, 40, 256] {
                // A period of 256 is noise, 40 is half of it, 1 is one letter.
                let bytes = (0..<size).map { index in
                    period == 256 || (period == 40 && index >> 19 & 1 == 0)
                        ? UInt8.random(in: 0...255, using: &random) : UInt8(truncatingIfNeeded: index % period)
                }
                let file = PackedFile(path: "a", source: .bytes(bytes), isExecutable: false)
                let path = root.appending("\(period).tar.gz")
                let packed = try TarGzipWriter.write([file], to: path, limits: .binary)
                let digest = try Shell.run("gzip -dc \(period).tar.gz | tar xO a | sha256sum", in: root).prefix(64)
                #expect(digest == Digest.sha256(bytes).description)
                // Noise grows by a little, one letter shrinks to little.
                #expect(packed.size.bytes < Int64(period == 1 ? size / 50 + 600 : size + size / 64 + 600))
            }
        }
    }

    /// The header of gzip and the blocks of tar, byte for byte: what any change would change for every publisher.
    @Test func shapeIsFixed() throws {
        try withTemporaryDirectory { root in
            let path = root.appending("archive.tar.gz")
            let file = PackedFile(path: "a", source: .bytes(Array("x".utf8)), isExecutable: false)
            _ = try TarGzipWriter.write([file], to: path, limits: .bundle)
            #expect(try read(path).prefix(10) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
            let digest = try Shell.run("gzip -dc archive.tar.gz | sha256sum", in: root).prefix(64)
            let expected = TarBytes.archive { tar in
                tar.file("a", "x") { $0.patches = [(329, Array("0000000".utf8)), (337, Array("0000000".utf8))] }
            }
            #expect(digest == Digest.sha256(expected).description)
        }
    }

    @Test(arguments: [
        ("../evil", PathFault.climbs), ("/etc/passwd", .absolute), ("./a", .dotComponent), ("a//b", .emptyComponent),
        ("a\\b", .backslash), ("nul", .deviceName), ("", .empty), ("a/", .emptyComponent),
    ])
    func refusesPath(_ path: String, _ fault: PathFault) throws {
        try expectFault(.rule(.path(fault)), packing: [PackedFile(path: path, source: .bytes([]), isExecutable: false)])
    }

    @Test func refusesWhatNoReaderWouldTake() throws {
        let twice = ["a", "A"].map { PackedFile(path: $0, source: .bytes([]), isExecutable: false) }
        try expectFault(.rule(.path(.differsOnlyInCase(from: "A"))), packing: twice)
        let many = (0...1024).map { PackedFile(path: "f\($0)", source: .bytes([]), isExecutable: false) }
        try expectFault(.rule(.limit(.entries, limit: 1024)), packing: many)
    }

    @Test(arguments: ["mkfifo source", "ln -s /etc/passwd source", "mkdir source"])
    func refusesWhatIsNoFile(_ command: String) throws {
        try withTemporaryDirectory { root in
            try Shell.run(command, in: root)
            let file = PackedFile(path: "f", source: .file(root.appending("source")), isExecutable: false)
            try expectFault(.notRegular, packing: [file])
        }
    }

    @Test func leavesNothingBehindWhenItFails() throws {
        try withTemporaryDirectory { root in
            let path = root.appending("archive.tar.gz")
            try HostFiles.write(Array("before".utf8), to: path)
            let missing = PackedFile(path: "f", source: .file(root.appending("missing")), isExecutable: false)
            let error = #expect(throws: ArchiveError.self) {
                try TarGzipWriter.write([missing], to: path, limits: .bundle)
            }
            #expect(error?.code == .storageIO)
            #expect(try HostFiles.entries(of: root) == ["archive.tar.gz"])
            #expect(try read(path) == Array("before".utf8))
        }
    }

    private func expectFault(_ fault: PackingFault, packing files: [PackedFile]) throws {
        try withTemporaryDirectory { root in
            let error = #expect(throws: ArchiveError.self) {
                try TarGzipWriter.write(files, to: root.appending("archive.tar.gz"), limits: .bundle)
            }
            guard case .packing(let found, _) = error else {
                Issue.record("another error: \(String(describing: error))")
                return
            }
            #expect(found == fault)
            #expect(error?.code == .packingRefused)
        }
    }
}
