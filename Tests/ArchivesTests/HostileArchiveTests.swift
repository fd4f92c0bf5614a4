// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import Archives

/// No archive, however it is made, gets anything to a place outside of its folder, and each is refused for the reason
/// that is its own, whatever the pieces that it comes in and whichever library inflates it.
struct HostileArchiveTests {
    @Test(arguments: HostileArchive.all)
    func refusesHostileArchive(_ archive: HostileArchive) throws {
        for engine in Extraction.engines {
            try withTemporaryDirectory { root in
                let staging = try Self.prepare(root)
                let error = #expect(throws: ArchiveError.self) {
                    _ = try Extraction.read(archive.bytes, into: TreeExtractor(below: staging), engine: engine)
                }
                #expect(Refusal(error) == Refusal(archive.fault, archive.entry), "\(engine)")
                #expect(error?.code == .archiveUnsafe)
                try Self.expectUntouched(root)
            }
        }
    }

    @Test(arguments: HostileArchive.all.filter { $0.bytes.count < 1 << 12 }, [1, 7, 512])
    func refusesItInPiecesToo(_ archive: HostileArchive, size: Int) {
        for engine in Extraction.engines {
            let error = #expect(throws: ArchiveError.self) {
                _ = try Extraction.read(archive.bytes, into: ArchiveInspector(), engine: engine, pieces: size)
            }
            #expect(Refusal(error) == Refusal(archive.fault, archive.entry), "\(engine)")
        }
    }

    @Test(arguments: HostileArchive.all)
    func refusesItInThePipeline(_ archive: HostileArchive) async throws {
        try await withTemporaryDirectory { root in
            let staging = try Self.prepare(root)
            let outcome = try await Extraction.pipe(archive.bytes) { () throws(ArchiveError) in
                try TreeExtractor(below: staging)
            }
            guard case .failure(let error) = outcome.result else {
                Issue.record("it was read")
                return
            }
            #expect(Refusal(error) == Refusal(archive.fault, archive.entry))
            #expect(outcome.digest == .sha256(archive.bytes), "all bytes are hashed, whatever is wrong with them")
            try Self.expectUntouched(root)
        }
    }

    /// What an archive can be made of to do harm, with words of the cases about it.
    @Test(arguments: [
        ("headers that disagree", ["PAX: other path", "PAX: other size", "GNU: long name and other PAX path"]),
        ("long names", ["GNU: two long names", "GNU: long name without its end", "PAX: too long"]),
        (
            "links and devices",
            ["hard link", "symbolic link", "character device", "block device", "named pipe", "socket"]
        ),
        ("sparse files", ["GNU sparse file", "PAX: sparse file", "sparse map in a GNU header"]),
        ("ways out", ["climbs by PAX path", "climbs by long name", "climbs by prefix", "absolute by prefix"]),
        ("names that meet", ["collision: "]),
        (
            "bombs",
            ["bomb: 1,025 files", "bomb: 17 levels", "bomb: 64 MiB", "bomb: file of 64 GiB", "bomb: two MiB of zeros"]
        ),
        ("cuts", ["half a header", "contents cut", "padding cut", "no end blocks", "gzip: no trailer"]),
        ("several members", ["gzip: two members", "gzip: empty second member"]),
        ("bytes behind", ["byte after the end", "entry after the end", "gzip: byte behind", "gzip: zeros behind"]),
    ])
    func everyClassIsThere(_ name: String, _ beginnings: [String]) {
        for beginning in beginnings {
            #expect(HostileArchive.all.contains { $0.name.hasPrefix(beginning) }, "\(name): \(beginning)")
        }
    }

    @Test func aSoundArchiveIsRefusedWhereverItIsCut() throws {
        let tar = TarBytes.archive { tar in
            tar.folder("folder/")
            tar.pax([("path", "folder/a path of an extended header")])
            tar.file("folder/a path of an extended header", "hello")
            tar.file("large", String(repeating: "0123456789", count: 300))
        }
        let whole = GzipBytes.pack(tar)
        for engine in Extraction.engines {
            _ = try Extraction.read(whole, into: ArchiveInspector(), engine: engine)
            // At every block of the archive, and at every byte of what is around it.
            for end in stride(from: 0, to: tar.count, by: 512) {
                let error = #expect(throws: ArchiveError.self, "\(end)") {
                    _ = try Extraction.read(
                        GzipBytes.pack(Array(tar[..<end])),
                        into: ArchiveInspector(),
                        engine: engine
                    )
                }
                #expect(error?.code == .archiveUnsafe, "\(end)")
            }
            for end in whole.indices {
                #expect(throws: ArchiveError.self, "\(end)") {
                    _ = try Extraction.read(Array(whole[..<end]), into: ArchiveInspector(), engine: engine)
                }
            }
        }
    }

    @Test func namesAreUnique() {
        let names = HostileArchive.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.count > 150)
    }

    @Test(arguments: HostileArchive.all)
    func messageIsOnePrintableLine(_ archive: HostileArchive) {
        let error = ArchiveError.refused(archive.fault, entry: archive.entry)
        #expect(error.message.printable == error.message)
        #expect(error.details.contains { $0.key == "reason" && !$0.value.isEmpty })
    }

    /// A folder to extract to, and beside it what must stay as it is.
    private static func prepare(_ root: FilePath) throws -> FilePath {
        let staging = root.appending("staging")
        try HostFiles.makeDirectory(staging)
        try HostFiles.write(Array("canary".utf8), to: root.appending("canary"))
        return staging
    }

    private static func expectUntouched(_ root: FilePath) throws {
        #expect(try HostFiles.entries(of: root) == ["canary", "staging"])
        #expect(try HostFiles.read(root.appending("canary"), upTo: .kibibytes(1)) == Array("canary".utf8))
    }
}
