// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import ArtifactStore

/// Several installs at once, and what killed ones leave behind.
struct ConcurrencyTests {
    @Test func installsOfOneDigestEndWell() async throws {
        try await Fixture.with { fixture in
            let archive = try fixture.pack(Fixture.bundleFiles)
            let installed = try await withThrowingTaskGroup(of: InstalledArtifact.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await fixture.store.install(.bundle(archive), from: Body(bytes: archive, pieces: 64))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(installed.map(\.tree)).count == 1)
            #expect(try await fixture.store.verify(.bundle(archive)).isEmpty)
            #expect(try HostFiles.entries(of: fixture.store.trees).count == 1)
            try fixture.expectNothingStaged()
        }
    }

    /// Both are past the question whether it is there before either has placed it.
    @Test func secondOfTwoTakesWhatTheFirstPlaced() async throws {
        try await Fixture.with { fixture in
            let archive = try fixture.pack(Fixture.bundleFiles)
            let key = ArtifactKey.bundle(archive)
            let second = Body(
                bytes: archive,
                pieces: 64,
                beforeEnd: { _ = try? await fixture.store.install(key, from: Body(bytes: archive)) }
            )
            let installed = try await fixture.store.install(key, from: second)
            #expect(try await fixture.store.verify(key).isEmpty)
            #expect(try fixture.read(installed.tree.appending("iii.worker.yaml")) == Array("name: w\n".utf8))
            try fixture.expectNothingStaged()
        }
    }

    @Test func sweepsWhatAKilledInstallLeft() async throws {
        try await Fixture.with { fixture in
            let archive = try fixture.pack(Fixture.bundleFiles)
            let store = fixture.store
            try HostFiles.makeDirectory(store.staging.appending("left/tree/a"))
            try HostFiles.write([1], to: store.staging.appending("left/tree/a/f"), mode: 0o444)
            try HostFiles.setMode(0o555, of: store.staging.appending("left/tree/a"))
            _ = try await store.install(.bundle(archive), from: Body(bytes: archive))
            try fixture.expectNothingStaged()
        }
    }

    @Test func leavesWhatALiveInstallHolds() async throws {
        try await Fixture.with { fixture in
            let archive = try fixture.pack(Fixture.bundleFiles)
            let live = try StagingFolder(below: fixture.store.staging)
            let path = live.path
            try HostFiles.write([1], to: path.appending("f"))
            _ = try await fixture.store.install(.bundle(archive), from: Body(bytes: archive))
            #expect(try HostFiles.entries(of: path) == ["f"])
            Self.end(live)
            try fixture.expectNothingStaged()
        }
    }

    private static func end(_ folder: consuming StagingFolder) {}

    /// Another process holds the folder, and the kernel lets go of it when that process is killed.
    @Test func locksHoldBetweenProcesses() async throws {
        try await Fixture.with { fixture in
            let staging = fixture.store.staging
            try HostFiles.makeDirectory(staging.appending("other"))
            // `flock` keeps the lock for as long as its command waits for the pipe to be written to. Python starts it, as
            // it hands none of our own pipes on to it.
            try Shell.run(
                """
                mkfifo release
                python3 - <<'END'
                import subprocess
                null = subprocess.DEVNULL
                hold = ["flock", "home/store/staging/other", "sh", "-c", "touch held; read line < release"]
                subprocess.Popen(hold, stdin=null, stdout=null, stderr=null)
                END
                while [ ! -e held ]; do :; done
                """,
                in: fixture.root
            )
            try StagingFolder.sweep(staging)
            #expect(try HostFiles.entries(of: staging) == ["other"])
            try Shell.run(
                "echo > release; while ! flock -n home/store/staging/other true; do :; done",
                in: fixture.root
            )
            try StagingFolder.sweep(staging)
            try fixture.expectNothingStaged()
        }
    }

    @Test func aListingWithoutATreeIsNoInstall() async throws {
        try await Fixture.with { fixture in
            let archive = try fixture.pack(Fixture.bundleFiles)
            let key = ArtifactKey.bundle(archive)
            _ = try await fixture.store.install(key, from: Body(bytes: archive))
            try HostFiles.removeTree(fixture.store.tree(of: key))
            #expect(try fixture.store.contains(key) == false)
            let again = try await fixture.store.install(key, from: Body(bytes: archive))
            #expect(!again.wasPresent)
            #expect(try await fixture.store.verify(key).isEmpty)
        }
    }

    @Test func aTreeWithoutAListingIsInstalledAnew() async throws {
        try await Fixture.with { fixture in
            let archive = try fixture.pack(Fixture.bundleFiles)
            let key = ArtifactKey.bundle(archive)
            let tree = try await fixture.store.install(key, from: Body(bytes: archive)).tree
            try HostFiles.write([0], to: fixture.store.listingPath(of: key.folderName))
            try HostFiles.write([0], to: tree.appending("bin/run"))
            let again = try await fixture.store.install(key, from: Body(bytes: archive))
            #expect(!again.wasPresent)
            #expect(try await fixture.store.verify(key).isEmpty)
            try fixture.expectNothingStaged()
        }
    }
}
