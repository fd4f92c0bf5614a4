// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import Archives

/// Random trees and random damage, the same on every run.
struct PropertyTests {
    @Test(arguments: 0..<40)
    func whatIsPackedComesOutAgain(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let files = Self.files(using: &generator)
        try withTemporaryDirectory { root in
            let path = root.appending("a.tar.gz")
            _ = try TarGzipWriter.write(files, to: path, limits: .bundle)
            let archive = try read(path)
            let pieces = Int.random(in: 1...5000, using: &generator)
            let listing = try Extraction.read(archive, into: ArchiveInspector(), pieces: pieces).listing
            let expected = files.map { file in
                guard case .bytes(let bytes) = file.source else { return Digest.sha256([]) }
                return Digest.sha256(Array(file.path.utf8) + bytes + [file.isExecutable ? 1 : 0])
            }
            var found: [Digest] = []
            let inspector = ArchiveInspector(capturing: Set(files.map(\.path)), upTo: .mebibytes(1))
            let contents = try Extraction.read(archive, into: inspector).contents
            for file in listing.files {
                found.append(
                    .sha256(Array(file.path.utf8) + (contents[file.path] ?? []) + [file.isExecutable ? 1 : 0])
                )
            }
            #expect(found.sorted() == expected.sorted())
        }
    }

    private static func files(using generator: inout SeededGenerator) -> [PackedFile] {
        let alphabet = Array("abcxyzéßд日🦊-_ .0123")
        var paths: Set<String> = []
        var folded: Set<String> = []
        for _ in 0..<Int.random(in: 0...30, using: &generator) {
            let depth = Int.random(in: 1...5, using: &generator)
            let parts = (0..<depth).map { level -> String in
                let length = Int.random(in: 1...(level == depth - 1 ? 50 : 8), using: &generator)
                let name = String((0..<length).map { _ in alphabet.randomElement(using: &generator) ?? "a" })
                // A letter at the end keeps clear of trailing dots, the level of files where folders are.
                return name + (level == depth - 1 ? "f" : "d\(level)")
            }
            let path = parts.joined(separator: "/")
            if folded.insert(EntryTree.fold(path)).inserted { paths.insert(path) }
        }
        return paths.sorted().map { path in
            let size = Int.random(in: 0...3000, using: &generator)
            let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
            return PackedFile(path: path, source: .bytes(bytes), isExecutable: Bool.random(using: &generator))
        }
    }

    /// Whatever is changed in an archive, it is refused or what comes out lies below its root.
    @Test(arguments: 0..<8)
    func damagedArchivesAreRefusedOrHarmless(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let sound = Self.richArchive
        #expect(try Extraction.read(GzipBytes.pack(sound), into: ArchiveInspector()).listing.files.count == 4)
        var read = 0
        for _ in 0..<600 {
            var tar = sound
            for _ in 0..<Int.random(in: 1...4, using: &generator) { Self.damage(&tar, using: &generator) }
            let archive = GzipBytes.pack(tar, level: 1)
            do throws(ArchiveError) {
                let listing = try Extraction.read(archive, into: ArchiveInspector(), engine: .zlib).listing
                read += 1
                for path in listing.files.map(\.path) + listing.emptyFolders {
                    #expect(!path.hasPrefix("/") && !path.split(separator: "/").contains(".."), "\(path)")
                }
            } catch {
                #expect(error.code == .archiveUnsafe)
            }
        }
        #expect(read > 0, "some damage is harmless, else nothing is tested")
    }

    private static let richArchive = TarBytes.archive { tar in
        tar.folder("./")
        tar.folder("d/")
        tar.file("d/f", String(repeating: "contents", count: 100))
        tar.pax([("path", "d/naïve"), ("size", "5"), ("mtime", "1.5")])
        tar.file("d/naive", "hello")
        tar.gnuName(HostileArchive.long)
        tar.file(String(HostileArchive.long.prefix(100)), "hello") { $0.magic = Array("ustar  \0".utf8) }
        tar.file("old", "hello") { $0.magic = [] }
    }

    /// Changes a byte, mostly in a header, and mostly with its checksum made right again.
    private static func damage(_ tar: inout [UInt8], using generator: inout SeededGenerator) {
        let block = Int.random(in: 0..<tar.count / 512, using: &generator) * 512
        let offset = [0, 0, 100, 124, 156, 257, 345].randomElement(using: &generator) ?? 0
        let index = min(block + offset + Int.random(in: 0..<12, using: &generator), tar.count - 1)
        let interesting = Array("./\\\0 0157xgLKS\u{7F}".utf8) + [0x80, 0xFF]
        tar[index] = interesting.randomElement(using: &generator) ?? 0
        guard Int.random(in: 0..<4, using: &generator) > 0 else { return }
        let sum = tar[block..<block + 512].enumerated().reduce(0) { sum, byte in
            sum + ((148..<156).contains(byte.offset) ? 32 : Int(byte.element))
        }
        tar.replaceSubrange(block + 148..<block + 156, with: TarBytes.octal(sum, digits: 6) + [0x20])
    }
}
