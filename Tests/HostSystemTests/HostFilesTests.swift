// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

/// A file is either as it was or as it was meant to be, and nothing of an attempt stays behind.
@Suite struct HostFilesTests {
    @Test func writesWholeFilesAndLeavesNoSibling() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appending("a.txt")
            try HostFiles.write(Array("one".utf8), to: path)
            try HostFiles.write(Array("two".utf8), to: path, mode: 0o600)
            #expect(try HostFiles.read(path, upTo: .kibibytes(1)) == Array("two".utf8))
            #expect(try HostFiles.mode(of: path) == 0o600)
            #expect(try HostFiles.entries(of: folder) == ["a.txt"])
        }
    }

    @Test func failedWriteNamesThePathAndKeepsTheOldFile() throws {
        try withTemporaryDirectory { folder in
            let target = folder.appending("is-a-folder")
            try HostFiles.makeDirectory(target.appending("below"))
            #expect { try HostFiles.write([1], to: target) } throws: { error in
                (error as? HostError)?.path == target && (error as? HostError)?.operation == .write
            }
            #expect(try HostFiles.entries(of: folder) == ["is-a-folder"])
        }
    }

    @Test func missingFileReadsAsNil() throws {
        try withTemporaryDirectory { folder in
            let contents = try HostFiles.read(folder.appending("nothing"), upTo: .kibibytes(1))
            let below = try HostFiles.read(folder.appending("nothing/below"), upTo: .kibibytes(1))
            #expect(contents == nil && below == nil)
            #expect(try HostFiles.entries(of: folder.appending("nothing")).isEmpty)
        }
    }

    @Test(arguments: [(10, true), (9, false)]) func readKeepsItsLimit(limit: Int, fits: Bool) throws {
        try withTemporaryDirectory { folder in
            let path = folder.appending("ten")
            try HostFiles.write([UInt8](repeating: 7, count: 10), to: path)
            if fits {
                #expect(try HostFiles.read(path, upTo: ByteCount(limit))?.count == 10)
            } else {
                #expect(throws: FileTooLarge.self) { try HostFiles.read(path, upTo: ByteCount(limit)) }
            }
        }
    }

    /// Opening a named pipe waits until somebody writes to it, for ever and deaf to a first Ctrl-C.
    @Test func onlyRegularFilesAreReadAndNobodyIsWaitedFor() throws {
        try withTemporaryDirectory { folder in
            let (pipe, link) = (folder.appending("pipe"), folder.appending("link"))
            let made = pipe.withPlatformString { mkfifo($0, 0o600) }
            try #require(made == 0)
            try HostFiles.replaceLink(link, to: pipe)
            for path in [pipe, link, folder, "/dev/zero"] {
                for read: (FilePath) throws -> Void in [
                    { _ = try HostFiles.read($0, upTo: .kibibytes(1)) }, { _ = try HostFiles.prefix(of: $0, count: 1) },
                    { _ = try HostFiles.digest(of: $0) }, { try HostFiles.copy($0, to: folder.appending("copy")) },
                ] {
                    let error = #expect(throws: HostError.self) { try read(path) }
                    #expect(error?.isAboutKind == true)
                    #expect(error?.message.contains("not a file") == true)
                }
            }
            #expect(try HostFiles.entries(of: folder) == ["link", "pipe"])
        }
    }

    @Test func removesReadOnlyTreesButNotWhatLinksPointTo() throws {
        try withTemporaryDirectory { folder in
            let outside = folder.appending("outside")
            try HostFiles.makeDirectory(outside)
            try HostFiles.write([1], to: outside.appending("kept"))
            let tree = folder.appending("tree/deep")
            try HostFiles.makeDirectory(tree)
            try HostFiles.write([1], to: tree.appending("file"))
            try HostFiles.replaceLink(tree.appending("link"), to: outside)
            try HostFiles.setMode(0o555, of: tree)
            try HostFiles.removeTree(folder.appending("tree"))
            #expect(try HostFiles.entries(of: folder) == ["outside"])
            #expect(try HostFiles.entries(of: outside) == ["kept"])
        }
    }

    @Test func replacesLinksInOneStep() throws {
        try withTemporaryDirectory { folder in
            let link = folder.appending("link")
            try HostFiles.replaceLink(link, to: "first")
            try HostFiles.replaceLink(link, to: "second")
            #expect(try HostFiles.target(ofLink: link) == "second")
            #expect(try HostFiles.kind(of: link) == .symbolicLink)
        }
    }

    #if os(Linux)
    @Test func aFileSystemThatTakesNoFoldersIsAnError() {
        // It has the parent, and answers that nothing is there.
        #expect(throws: HostError.self) { try HostFiles.makeDirectory("/proc/iii/store") }
    }
    #endif

    @Test func makesFoldersOnTheWay() throws {
        try withTemporaryDirectory { folder in
            try HostFiles.makeDirectory(folder.appending("a/b/c"), mode: 0o700)
            #expect(try HostFiles.mode(of: folder.appending("a/b")) == 0o700)
            try HostFiles.write([1], to: folder.appending("file"))
            #expect(throws: HostError.self) { try HostFiles.makeDirectory(folder.appending("file")) }
        }
    }
}
