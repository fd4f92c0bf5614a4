// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Foundation
import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import Archives

/// Zip files that we pack are read by others, and are the same on every machine.
struct ZipWriterTests {
    private static let files = [
        PackedFile(path: "worker.exe", source: .bytes(Array("MZ".utf8)), isExecutable: true),
        PackedFile(path: "data/naïve 🦊", source: .bytes([UInt8](repeating: 7, count: 300_000)), isExecutable: false),
        PackedFile(path: "empty", source: .bytes([]), isExecutable: false),
    ]

    private func write(
        _ files: [PackedFile],
        time: Int64 = 0,
        _ name: String,
        in root: FilePath
    ) throws -> PackedArchive {
        try ZipWriter.write(files, to: root.appending(name), time: time, limits: .binary)
    }

    private static func digest(_ file: PackedFile) -> String {
        guard case .bytes(let bytes) = file.source else { return "" }
        return String("\(Digest.sha256(bytes))".prefix(8))
    }

    @Test func othersReadWhatWePack() throws {
        try withTemporaryDirectory { root in
            let packed = try write(Self.files, "a.zip", in: root)
            let program = """
                import zipfile, hashlib
                archive = zipfile.ZipFile('a.zip')
                assert archive.testzip() is None
                for i in archive.infolist():
                    print(i.filename, oct(i.external_attr >> 16), i.date_time, hashlib.sha256(archive.read(i)).hexdigest()[:8])
                """
            try HostFiles.write(Array(program.utf8), to: root.appending("read.py"))
            let text = try Shell.run("unzip -tq a.zip > /dev/null; python3 read.py", in: root)
            let digests = [Self.files[1], Self.files[2], Self.files[0]].map(Self.digest)
            #expect(
                text == """
                    data/naïve 🦊 0o100644 (1980, 1, 1, 0, 0, 0) \(digests[0])
                    empty 0o100644 (1980, 1, 1, 0, 0, 0) \(digests[1])
                    worker.exe 0o100755 (1980, 1, 1, 0, 0, 0) \(digests[2])

                    """
            )
            #expect(try HostFiles.digest(of: root.appending("a.zip")) == packed.digest)
            #expect(try HostFiles.size(of: root.appending("a.zip")) == packed.size)
            #expect(packed.unpacked == ByteCount(300_002))
        }
    }

    @Test func equalFilesMakeEqualBytes() throws {
        try withTemporaryDirectory { root in
            let first = try write(Self.files, "a.zip", in: root)
            try HostFiles.write(Array("MZ".utf8), to: root.appending("worker"))
            var others = Self.files
            others[0] = PackedFile(path: "worker.exe", source: .file(root.appending("worker")), isExecutable: true)
            #expect(try write(others.reversed(), "b.zip", in: root) == first)
            #expect(try write(Self.files, time: 1_700_000_000, "c.zip", in: root).digest != first.digest)
        }
    }

    @Test(arguments: [
        (Int64(0), "1980-01-01T00:00:00Z"), (315_532_800, "1980-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:58Z"), (951_868_800, "2000-03-01T00:00:00Z"),
        (1_700_000_001, "2023-11-14T22:13:20Z"), (9_999_999_999, "2107-12-31T23:59:58Z"),
    ])
    func timesAreThoseOfTheCalendar(_ seconds: Int64, _ expected: String) {
        let time = DOSTime(secondsSince1970: seconds)
        func padded(_ number: UInt16) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date = "\(1980 + time.date >> 9)-\(padded(time.date >> 5 & 15))-\(padded(time.date & 31))"
        let clock = [time.time >> 11, time.time >> 5 & 63, (time.time & 31) * 2].map(padded).joined(separator: ":")
        #expect("\(date)T\(clock)Z" == expected)
    }

    @Test func refusesWhatOurReadersRefuse() throws {
        try withTemporaryDirectory { root in
            for path in ["../up", "/root", "a/../b", "con"] {
                let file = PackedFile(path: path, source: .bytes([]), isExecutable: false)
                let error = #expect(throws: ArchiveError.self) { try write([file], "a.zip", in: root) }
                #expect(error?.code == .packingRefused)
            }
            let left = try HostFiles.entries(of: root)
            #expect(left.isEmpty)
        }
    }
}
