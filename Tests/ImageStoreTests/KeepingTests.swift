// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import Foundation
import HostSystem
import ImageDocuments
import NIOCore
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import ImageStore

/// What is in the store is what was put there, or is not taken for it.
struct KeepingTests {
    private static let layers = ["add('d/a', b'1'); add('b', b'22'); add('l', type=SYM, link='b')"]

    private static func withImage(
        _ body: (_ made: LayeredImage, _ image: InstalledImage, _ folder: FilePath) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { folder in
            let made = try LayeredImage(layers, in: folder)
            try await body(made, try await made.store.install(made.image, for: "worker").image, folder)
        }
    }

    /// Has the image unpacked in an earlier run of the machine.
    private static func age(_ image: InstalledImage) throws {
        let path = image.root.removingLastComponent().appending("image.json")
        let text = try String(contentsOfFile: path.string, encoding: .utf8)
        let boot = try #require(HostBoot.identity)
        #expect(text.contains(boot))
        try text.replacingOccurrences(of: boot, with: "earlier").write(
            toFile: path.string,
            atomically: true,
            encoding: .utf8
        )
    }

    /// What a power failure or somebody's hand does to a tree.
    private static let damages = [
        "rm rootfs/b", "truncate -s 0 rootfs/b", "rm -r rootfs/d", "touch rootfs/more", "chmod 600 rootfs/b",
        "ln -sf d rootfs/l", "rm rootfs/b; mkdir rootfs/b", "printf xy > rootfs/b", "rm -r rootfs",
    ]

    @Test func aTreeOfAnEarlierStartIsLookedThroughOnce() async throws {
        try await Self.withImage { made, image, _ in
            let digest = made.image.manifest.digest
            try Self.age(image)
            #expect(try await made.store.find(digest, for: LayeredImage.platform) != nil)
            // From now on it is known to be on disk.
            #expect(try made.store.record(of: digest)?.boot == nil)
            try Shell.run("rm rootfs/b", in: image.root.removingLastComponent())
            #expect(try await made.store.find(digest, for: LayeredImage.platform) != nil)
        }
    }

    @Test(arguments: damages) func aTreeThatAPowerFailureCutIsUnpackedAgain(_ damage: String) async throws {
        try await Self.withImage { made, image, _ in
            let digest = made.image.manifest.digest
            let before = try LayeredImage.tree(image.root)
            try Self.age(image)
            try Shell.run(damage, in: image.root.removingLastComponent())
            #expect(try await made.store.find(digest, for: LayeredImage.platform) == nil)
            _ = try await made.store.install(made.image)
            #expect(try await made.store.find(digest, for: LayeredImage.platform) != nil)
            #expect(try LayeredImage.tree(image.root) == before)
        }
    }

    @Test(arguments: damages.dropLast()) func comparingSeesWhatIsOtherwise(_ damage: String) async throws {
        try await Self.withImage { made, image, _ in
            let whole = try await made.store.compare(image)
            #expect(whole.isWhole && whole.entries == (4, 4) && whole.size == (ByteCount(3), ByteCount(3)))
            try Shell.run(damage, in: image.root.removingLastComponent())
            #expect(try await !made.store.compare(image).isWhole)
        }
    }

    /// Of the same size and time: only the bytes tell.
    @Test func comparingContentsSeesWhatSizeAndTimeDoNot() async throws {
        try await Self.withImage { made, image, _ in
            #expect(try await made.store.changedFiles(of: image, for: LayeredImage.platform) == [])
            let change = "touch -r rootfs/d/a t; printf 9 > rootfs/d/a; touch -r t rootfs/d/a; rm t"
            try Shell.run(change, in: image.root.removingLastComponent())
            #expect(try await made.store.compare(image).isWhole)
            #expect(try await made.store.changedFiles(of: image, for: LayeredImage.platform) == ["d/a"])
            #expect(try HostFiles.entries(of: made.store.staging).isEmpty)
        }
    }

    @Test func contentsAreNotComparedWithADamagedLayer() async throws {
        try await Self.withImage { made, image, _ in
            let path = made.store.blob(made.image.manifest.layers[0].digest)
            try Shell.run("truncate -s -9 \(path)", in: image.root)
            await #expect(throws: ArchiveError.self) {
                try await made.store.changedFiles(of: image, for: LayeredImage.platform)
            }
        }
    }

    @Test func whoComesSecondFindsTheTreeOfTheFirst() async throws {
        try await Self.withImage { made, image, _ in
            let first = HostFiles.identity(of: image.root)
            _ = try await made.store.install(made.image)
            #expect(HostFiles.identity(of: image.root) == first)
            _ = try await made.store.install(made.image, replacing: true)
            #expect(HostFiles.identity(of: image.root) != first)
        }
    }

    /// The same size, and other bytes: what size alone does not tell.
    @Test func aDamagedLayerIsReceivedAgain() async throws {
        try await Self.withImage { made, _, folder in
            let layer = made.image.manifest.layers[0]
            #expect(try await made.store.receive(layer) == nil)
            let path = made.store.blob(layer.digest)
            let sound = try #require(try HostFiles.read(path, upTo: .mebibytes(1)))
            try HostFiles.write([UInt8](repeating: 0, count: sound.count), to: path)
            let partial = try #require(try await made.store.receive(layer))
            #expect(partial.offset == 0)
            try partial.append(ByteBuffer(bytes: sound))
            try partial.finish()
            #expect(try HostFiles.read(path, upTo: .mebibytes(1)) == sound)
        }
    }
}
