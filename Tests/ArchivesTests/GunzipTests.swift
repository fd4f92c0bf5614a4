// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import Archives

/// What is unusual but sound in a gzip file is read; the hostile archives have what is not.
struct GunzipTests {
    private static let tar = TarBytes.archive { $0.file("f", "hello") }

    @Test func isalIsThereWhereItsHeaderIs() {
        #if canImport(Glibc)
        let isInstalled = (try? SourceFile("/usr/include/isa-l.h")) != nil
        #expect(InflateEngine.isal.isAvailable == isInstalled)
        #endif
    }

    @Test(arguments: Extraction.engines)
    func readsEveryOptionalHeaderField(_ engine: InflateEngine) throws {
        for flags: UInt8 in 0..<32 {
            let archive = GzipBytes.pack(Self.tar, header: Self.header(flags: flags))
            for pieces in [1, archive.count] {
                let found = try Extraction.read(archive, into: ArchiveInspector(), engine: engine, pieces: pieces)
                #expect(found.listing.files.map(\.path) == ["f"])
            }
        }
    }

    /// A header with the optional fields of the flags, each with something in it.
    private static func header(flags: UInt8) -> [UInt8] {
        var header: [UInt8] = [0x1F, 0x8B, 8, flags, 1, 2, 3, 4, 2, 3]
        if flags & 4 != 0 { header += [5, 0, 0x41, 0x70, 1, 0, 9] }
        if flags & 8 != 0 { header += Array("name.tar\0".utf8) }
        if flags & 16 != 0 { header += Array("made by hand\0".utf8) }
        if flags & 2 != 0 { header += GzipBytes.crc(header).prefix(2) }
        return header
    }

    @Test(arguments: Extraction.engines, [0, 1, 6, 9] as [Int32])
    func readsWhatZlibWrites(_ engine: InflateEngine, level: Int32) throws {
        var generator = SeededGenerator(seed: UInt64(level))
        for size in [0, 1, 511, 512, 513, 70_000, 400_000] {
            let contents = (0..<size).map { _ in UInt8.random(in: 0...(size % 2 == 0 ? 3 : 255), using: &generator) }
            let tar = TarBytes.archive { $0.file(Array("f".utf8), contents) }
            for pieces in [1000, 65_536] {
                let archive = GzipBytes.pack(tar, level: level)
                let found = try Extraction.read(archive, into: ArchiveInspector(), engine: engine, pieces: pieces)
                #expect(found.listing["f"]?.digest == .sha256(contents))
            }
        }
    }

    /// Where both libraries take a stream they must give the same bytes; a file that one of them refuses is refused by
    /// the checksum or the library, never by a crash.
    @Test func bothLibrariesAgreeOnDamagedStreams() {
        var generator = SeededGenerator(seed: 7)
        let contents = (0..<3000).map { _ in UInt8.random(in: 0...9, using: &generator) }
        let sound = GzipBytes.pack(TarBytes.archive { $0.file(Array("f".utf8), contents) })
        for _ in 0..<1500 {
            var archive = sound
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                archive[Int.random(in: 10..<archive.count, using: &generator)] ^=
                    1 << UInt8.random(in: 0..<8, using: &generator)
            }
            for engine in Extraction.engines {
                guard let found = try? Extraction.read(archive, into: ArchiveInspector(), engine: engine) else {
                    continue
                }
                #expect(found.listing["f"]?.digest == .sha256(contents), "\(engine)")
            }
        }
    }
}
