// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import MicroVM

@Suite(.timeLimit(.minutes(5)), .enabled(if: MachinesHere.areExpected))
struct MachineImagesTests {
    /// The images of a folder in which a bundle `tree` lies.
    private static func make(in folder: FilePath) throws -> MachineImages {
        try Shell.run("mkdir tree; echo 1 > tree/file", in: folder)
        return MachineImages(program: "/usr/bin/mksquashfs", folder: folder)
    }

    private static func closing(_ image: FileDescriptor) throws -> Int64 {
        defer { try? image.close() }
        return try image.seek(offset: 0, from: .end)
    }

    @Test func whatHasADigestIsMadeOnce() async throws {
        try await withTemporaryDirectory { folder in
            let images = try Self.make(in: folder)
            let (tree, digest) = (folder.appending("tree"), Digest.sha256("tree".utf8))
            let kept = folder.appending("bundles/\(digest).sqfs")
            #expect(try Self.closing(try await images.bundle(tree, digest: digest)) == MachineImages.bundleLength.bytes)
            let identity = HostFiles.identity(of: kept)
            // What is there is taken as it is.
            try HostFiles.removeTree(tree)
            #expect(try Self.closing(try await images.bundle(tree, digest: digest)) == MachineImages.bundleLength.bytes)
            #expect(identity != nil && HostFiles.identity(of: kept) == identity)
            #expect(try Shell.run("unsquashfs -cat '\(kept)' file", in: folder) == "1\n")
        }
    }

    @Test func whatHasNoneIsGoneWithTheMachine() async throws {
        try await withTemporaryDirectory { folder in
            let images = try Self.make(in: folder)
            let image = try await images.bundle(folder.appending("tree"), digest: nil)
            #expect(try Self.closing(image) == MachineImages.bundleLength.bytes)
            #expect(try Shell.run("find . -type f", in: folder) == "./tree/file\n")
        }
    }

    @Test func thoseThatWereUsedLastStay() throws {
        try withTemporaryDirectory { folder in
            try Shell.run("mkdir staging; for n in 1 2 3 4; do touch -d @$n file$n; done; touch file2", in: folder)
            try KeptFiles.forget(below: folder, allBut: 2)
            #expect(try HostFiles.entries(of: folder).sorted() == ["file2", "file4", "staging"])
        }
    }
}
