// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import Diagnostics
import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import ArtifactStore

/// What is in the store is whole, verified and read-only; whatever else happens leaves nothing.
struct InstallTests {
    @Test func placesATree() async throws {
        try await Fixture.with { fixture in
            let archive = try fixture.pack(Fixture.bundleFiles)
            let key = ArtifactKey.bundle(archive)
            let installed = try await fixture.store.install(key, from: Body(bytes: archive))
            let tree = fixture.root.appending("home/store/sha256/\(key.digest)")
            #expect(installed.tree == tree)
            #expect(!installed.wasPresent)
            #expect(installed.listing.files.map(\.path) == ["assets/a/b.txt", "bin/run", "iii.worker.yaml"])
            #expect(try fixture.read(tree.appending("assets/a/b.txt")) == Array("text".utf8))
            #expect(try HostFiles.mode(of: tree.appending("bin/run")) == 0o555)
            #expect(try HostFiles.mode(of: tree.appending("iii.worker.yaml")) == 0o444)
            #expect(try HostFiles.mode(of: tree.appending("bin")) == 0o755)
            #expect(try HostFiles.mode(of: fixture.root.appending("home")) == 0o700)
            #expect(try fixture.store.listing(of: key) == installed.listing)
            #expect(try await fixture.store.verify(key).isEmpty)
            try fixture.expectNothingStaged()
        }
    }

    @Test func readsNothingForWhatIsThere() async throws {
        try await Fixture.with { fixture in
            let archive = try fixture.pack(Fixture.bundleFiles)
            let key = ArtifactKey.bundle(archive)
            #expect(try fixture.store.contains(key) == false)
            let first = try await fixture.store.install(key, from: Body(bytes: archive))
            #expect(try fixture.store.contains(key))
            let body = Body(bytes: [], error: Body.Cut())
            let second = try await fixture.store.install(key, from: body) { _ in Issue.record("checked again") }
            #expect(second.wasPresent)
            #expect(second.tree == first.tree)
            #expect(second.listing == first.listing)
        }
    }

    /// Every way in which other bytes may come than those that the registry named.
    @Test(arguments: ["last byte", "middle byte", "first byte", "cut", "more", "other archive", "nothing"])
    func refusesOtherBytes(_ damage: String) async throws {
        try await Fixture.with { fixture in
            let sound = try fixture.pack(Fixture.bundleFiles)
            var archive = sound
            switch damage {
            case "last byte": archive[archive.count - 1] ^= 1
            case "middle byte": archive[archive.count / 2] ^= 0x80
            case "first byte": archive[0] ^= 1
            case "cut": archive.removeLast(3)
            case "more": archive.append(0)
            case "nothing": archive = []
            default: archive = try fixture.pack(["iii.worker.yaml": "name: evil\n"])
            }
            let error = await #expect(throws: ArtifactStoreError.self) {
                try await fixture.store.install(.bundle(sound), from: Body(bytes: archive))
            }
            guard case .digestMismatch(let expected, let actual, let size) = error else {
                Issue.record("another error: \(String(describing: error))")
                return
            }
            #expect(expected == .sha256(sound))
            #expect(actual == .sha256(archive))
            #expect(size == ByteCount(archive.count))
            #expect(error?.code == .download)
            try fixture.expectNothingStored()
        }
    }

    @Test(arguments: ["ln -s /etc/passwd tree/link", "mkfifo tree/pipe", "touch tree/A tree/a"])
    func refusesAnUnsafeArchive(_ command: String) async throws {
        try await Fixture.with { fixture in
            try Shell.run(
                "mkdir tree && touch tree/f && \(command) && tar -czf evil.tar.gz -C tree .",
                in: fixture.root
            )
            let archive = try fixture.read(fixture.root.appending("evil.tar.gz"))
            let error = await #expect(throws: ArchiveError.self) {
                try await fixture.store.install(.bundle(archive), from: Body(bytes: archive))
            }
            #expect(error?.code == .archiveUnsafe)
            try fixture.expectNothingStored()
        }
    }

    @Test func placesNothingBeforeTheCheckReturns() async throws {
        struct Refused: Error {}
        try await Fixture.with { fixture in
            let archive = try fixture.pack(Fixture.bundleFiles)
            await #expect(throws: Refused.self) {
                try await fixture.store.install(.bundle(archive), from: Body(bytes: archive)) { staged in
                    #expect(try fixture.read(staged.tree.appending("iii.worker.yaml")) == Array("name: w\n".utf8))
                    #expect(staged.listing.files.count == 3)
                    #expect(try HostFiles.entries(of: fixture.store.trees).isEmpty)
                    throw Refused()
                }
            }
            try fixture.expectNothingStored()
        }
    }

    @Test func leavesNothingWhenTheBodyBreaks() async throws {
        try await Fixture.with { fixture in
            let archive = try fixture.pack(Fixture.bundleFiles)
            let body = Body(bytes: Array(archive.dropLast(10)), error: Body.Cut())
            await #expect(throws: Body.Cut.self) { try await fixture.store.install(.bundle(archive), from: body) }
            try fixture.expectNothingStored()
        }
    }

    @Test func leavesNothingWhenCancelled() async throws {
        try await Fixture.with { fixture in
            let archive = try fixture.pack(Fixture.bundleFiles)
            let (reached, continuation) = AsyncStream<Void>.makeStream()
            let body = Body(bytes: archive, beforeEnd: { await Self.waitForCancellation(telling: continuation) })
            let task = Task { try await fixture.store.install(.bundle(archive), from: body) }
            for await _ in reached { task.cancel() }
            await #expect(throws: CancellationError.self) { try await task.value }
            try fixture.expectNothingStored()
        }
    }

    private static func waitForCancellation(telling reached: AsyncStream<Void>.Continuation) async {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        await withTaskCancellationHandler {
            reached.yield()
            reached.finish()
            for await _ in stream {}
        } onCancel: {
            continuation.finish()
        }
    }

    @Test func leavesNothingOnAFullDisk() async throws {
        try await Fixture.with { fixture in
            let noise = String(decoding: (0..<900_000).map { UInt8(($0 * 7919) % 64) + 48 }, as: UTF8.self)
            let archive = try fixture.pack(["iii.worker.yaml": "name: w\n", "noise": noise])
            try Shell.run("mkdir home && mount -t tmpfs -o size=256k iii-test home", in: fixture.root)
            defer { _ = try? Shell.run("umount home", in: fixture.root) }
            let error = await #expect(throws: ArchiveError.self) {
                try await fixture.store.install(.bundle(archive), from: Body(bytes: archive))
            }
            #expect(error?.code == .storageFull)
            try fixture.expectNothingStored()
        }
    }

    @Test func limitsAreTheCallers() async throws {
        try await Fixture.with { fixture in
            let archive = try fixture.pack(Fixture.bundleFiles)
            var limits = ArchiveLimits.bundle
            limits.entries = 2
            let error = await #expect(throws: ArchiveError.self) {
                try await fixture.store.install(.bundle(archive), from: Body(bytes: archive), limits: limits)
            }
            #expect(error?.code == .archiveUnsafe)
            limits.compressed = ByteCount(10)
            let tooLarge = await #expect(throws: ArchiveError.self) {
                try await fixture.store.install(.bundle(archive), from: Body(bytes: archive), limits: limits)
            }
            #expect(tooLarge?.code == .download)
            try fixture.expectNothingStored()
        }
    }

    // MARK: Binaries

    @Test func placesAnExecutable() async throws {
        try await Fixture.with { fixture in
            let archive = try fixture.pack(["pdf-1.0/pdf": "ELF", "pdf-1.0/LICENSE": "yes"])
            let key = try ArtifactKey.binary(archive, of: "pdf")
            let installed = try await fixture.store.install(key, from: Body(bytes: archive))
            #expect(try HostFiles.entries(of: installed.tree) == ["pdf"])
            let executable = try #require(fixture.store.executable(of: key))
            #expect(executable == installed.tree.appending("pdf"))
            #expect(try HostFiles.mode(of: executable) == 0o555)
            #expect(try await fixture.store.verify(key).isEmpty)
            #expect(try fixture.store.size(of: key) == ByteCount(3))
        }
    }

    @Test func twoExecutablesOfOneArchiveLieBesideEachOther() async throws {
        try await Fixture.with { fixture in
            let archive = try fixture.pack(["a*": "A", "b*": "B"])
            for name in ["a", "b"] {
                let key = try ArtifactKey.binary(archive, of: name)
                _ = try await fixture.store.install(key, from: Body(bytes: archive))
                #expect(try HostFiles.entries(of: fixture.store.tree(of: key)) == [name])
            }
            _ = try await fixture.store.install(.bundle(archive), from: Body(bytes: archive))
            #expect(try HostFiles.entries(of: fixture.store.trees).count == 3)
            #expect(try fixture.store.digests() == [.sha256(archive)])
            #expect(try fixture.store.remove(.sha256(archive)) == ByteCount(4))
            try fixture.expectNothingStored()
        }
    }

    @Test func saysWhichExecutableIsMissing() async throws {
        try await Fixture.with { fixture in
            let archive = try fixture.pack(["other*": "ELF"])
            let error = await #expect(throws: ArchiveError.self) {
                try await fixture.store.install(.binary(archive, of: "pdf"), from: Body(bytes: archive))
            }
            #expect(error?.code == .binaryNotInArchive)
            #expect(error?.message.contains("`other`") == true)
            try fixture.expectNothingStored()
        }
    }
}
