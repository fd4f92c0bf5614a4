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

struct LinkTests {
    @Test func leadsToWhatWasInstalledLast() async throws {
        try await Fixture.with { fixture in
            let (store, worker) = (fixture.store, try WorkerName(parsing: "w"))
            let old = try await Self.install(fixture, "old")
            let new = try await Self.install(fixture, "new")
            let link = fixture.root.appending("home/workers-bundle/w")
            #expect(store.link(of: worker, to: .bundle) == link)

            #expect(try store.link(worker, to: old) == nil)
            #expect(try fixture.read(link.appending("f")) == Array("old".utf8))
            #expect(try store.link(worker, to: new) == FilePath("../store/sha256/\(old.digest)"))
            #expect(try fixture.read(link.appending("f")) == Array("new".utf8))
            #expect(store.isLinked(worker, to: new))
            #expect(!store.isLinked(worker, to: old))

            #expect(try !store.unlink(worker, from: old))
            #expect(store.isLinked(worker, to: new))
            #expect(try store.unlink(worker, from: new))
            #expect(try HostFiles.kind(of: link) == nil)
            #expect(try !store.unlink(worker, from: new))
        }
    }

    @Test func leadsToAnExecutable() async throws {
        try await Fixture.with { fixture in
            let archive = try fixture.pack(["bin/w*": "#!/bin/sh\necho hello\n"])
            let key = try ArtifactKey.binary(archive, of: "w")
            _ = try await fixture.store.install(key, from: Body(bytes: archive))
            try fixture.store.link(WorkerName(parsing: "w"), to: key)
            #expect(try Shell.run("home/workers/w", in: fixture.root) == "hello\n")
            try Shell.run("mv home moved", in: fixture.root)
            #expect(try Shell.run("moved/workers/w", in: fixture.root) == "hello\n", "links move with their home")
        }
    }

    @Test func canBeTakenBack() async throws {
        try await Fixture.with { fixture in
            let (store, worker) = (fixture.store, try WorkerName(parsing: "w"))
            let old = try await Self.install(fixture, "old")
            let new = try await Self.install(fixture, "new")
            let none = try store.link(worker, to: old)
            let previous = try store.link(worker, to: new)
            try store.restore(worker, from: new, to: previous)
            #expect(store.isLinked(worker, to: old))
            try store.restore(worker, from: new, to: nil)
            #expect(store.isLinked(worker, to: old), "it leads elsewhere by now")
            try store.restore(worker, from: old, to: none)
            #expect(try HostFiles.entries(of: fixture.root.appending("home/workers-bundle")).isEmpty)
        }
    }

    @Test(arguments: ["mkdir -p home/workers-bundle/w", "mkdir -p home/workers-bundle && touch home/workers-bundle/w"])
    func keepsWhatIsNoLink(_ command: String) async throws {
        try await Fixture.with { fixture in
            let key = try await Self.install(fixture, "new")
            try Shell.run(command, in: fixture.root)
            let error = #expect(throws: ArtifactStoreError.self) {
                try fixture.store.link(WorkerName(parsing: "w"), to: key)
            }
            #expect(error?.code == .alreadyExists)
            #expect(try HostFiles.entries(of: fixture.root.appending("home/workers-bundle")) == ["w"])
        }
    }

    private static func install(_ fixture: Fixture, _ contents: String) async throws -> ArtifactKey {
        let archive = try fixture.pack(["f": contents])
        return try await fixture.store.install(.bundle(archive), from: Body(bytes: archive)).key
    }
}
