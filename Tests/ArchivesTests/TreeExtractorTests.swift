// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import Archives

struct TreeExtractorTests {
    private static let archive = GzipBytes.pack(
        TarBytes.archive { tar in
            tar.file("d/run", "#!/bin/sh\n") { $0.mode = Array("0004777\0".utf8) }
            tar.file("d/notes", "text") { $0.mode = Array("0000600\0".utf8) }
            tar.file("top", "text") { $0.mode = Array("0000000\0".utf8) }
            tar.folder("d/e/") { $0.mode = Array("0000000\0".utf8) }
        }
    )

    @Test(arguments: [(false, [0o755, 0o644, 0o644]), (true, [0o555, 0o444, 0o444])] as [(Bool, [UInt16])])
    func masksModes(isReadOnly: Bool, _ modes: [UInt16]) throws {
        try withTemporaryDirectory { root in
            let sink = try TreeExtractor(below: root, isReadOnly: isReadOnly)
            let listing = try Extraction.read(Self.archive, into: sink)
            for (path, mode) in zip(["d/run", "d/notes", "top"], modes) {
                #expect(try HostFiles.mode(of: root.appending(path)) == mode, "\(path)")
            }
            for folder in ["d", "d/e"] { #expect(try HostFiles.mode(of: root.appending(folder)) == 0o755) }
            #expect(listing.files.map(\.path) == ["d/notes", "d/run", "top"])
            #expect(listing.files.map(\.mode) == [0o644, 0o755, 0o644])
            #expect(listing.emptyFolders == ["d/e"])
            #expect(["d", "d/e"].allSatisfy(listing.hasFolder))
            #expect(!["", "e", "d/run", "d/no", "to"].contains(where: listing.hasFolder))
            #expect(listing["d/notes"]?.digest == .sha256(Array("text".utf8)))
            #expect(listing.size == ByteCount(18))
        }
    }

    @Test(arguments: ["d", "top"])
    func doesNotGoThroughAPlantedLink(_ name: String) throws {
        try withTemporaryDirectory { root in
            try Shell.run("mkdir outside staging && echo old > outside/old && ln -s ../outside staging/d", in: root)
            try Shell.run("ln -s ../outside/old staging/top", in: root)
            let archive = GzipBytes.pack(TarBytes.archive { $0.file(name == "d" ? "d/f" : "top", "evil") })
            #expect(throws: ArchiveError.self) {
                try Extraction.read(archive, into: TreeExtractor(below: root.appending("staging")))
            }
            #expect(try HostFiles.entries(of: root.appending("outside")) == ["old"])
            #expect(try read(root.appending("outside/old")) == Array("old\n".utf8))
        }
    }

    @Test func doesNotOpenALinkAsItsRoot() throws {
        try withTemporaryDirectory { root in
            try Shell.run("mkdir outside && ln -s outside staging", in: root)
            #expect(throws: ArchiveError.self) { try TreeExtractor(below: root.appending("staging")) }
        }
    }

    /// A file system of 256 KiB; mounting needs root, which the machines that check changes have.
    @Test func fullDiskIsSaidSo() throws {
        try withTemporaryDirectory { root in
            try Shell.run("mkdir disk && mount -t tmpfs -o size=256k iii-test disk", in: root)
            defer { _ = try? Shell.run("umount disk", in: root) }
            let contents = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
            let archive = GzipBytes.pack(TarBytes.archive { $0.file(Array("f".utf8), contents) })
            let error = #expect(throws: ArchiveError.self) {
                try Extraction.read(archive, into: TreeExtractor(below: root.appending("disk")))
            }
            #expect(error?.code == .storageFull)
            #expect(error?.hints.isEmpty == false)
        }
    }
}
