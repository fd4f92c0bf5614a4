// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import ArtifactStore
import Diagnostics
import HostSystem
import ImageStore
import NIOCore
import ProjectFiles
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import WorkerOperations

/// What is cleared is what nobody needs, and nothing else.
@Suite struct ClearStoreTests {
    /// A home with a store, and projects that use some of it.
    private struct Machine {
        let folder: FilePath
        var home: IIIHome { IIIHome(root: folder.appending("home")) }
        var installation: Installation { Installation(home: home, host: nil) }

        /// Installs a bundle of one file and gives the digest of its archive.
        func install(_ name: String, _ text: String = "print(1)\n") async throws -> Digest {
            let manifest = "name: \(name)\nscripts: {start: python main.py}\n"
            let files = [("iii.worker.yaml", manifest), ("main.py", text)].map { path, text in
                PackedFile(path: path, source: .bytes(Array(text.utf8)), isExecutable: false)
            }
            let archive = folder.appending("\(name).tar.gz")
            let packed = try TarGzipWriter.write(files, to: archive, limits: .bundle)
            let bytes = try HostFiles.read(archive, upTo: .mebibytes(1)) ?? []
            let body = AsyncStream { continuation in
                continuation.yield(ByteBuffer(bytes: bytes))
                continuation.finish()
            }
            _ = try await installation.store.install(.bundle(packed.digest), from: body)
            try installation.store.link(try WorkerName(parsing: name), to: .bundle(packed.digest))
            return packed.digest
        }

        /// Makes a project whose lock file names these.
        func project(_ name: String, needing digests: [String: Digest]) async throws -> Project {
            let project = Project(configPath: folder.appending(name).appending(Project.configName))
            try HostFiles.makeDirectory(project.folder)
            var lock = Lockfile()
            for (name, digest) in digests {
                lock.workers[try WorkerName(parsing: name)] = LockedWorker(
                    version: LockedVersion(SemanticVersion(1, 0, 0)),
                    source: .bundle(.init(url: "https://example.com/\(name).tar.gz", digest: digest)),
                    dependencies: [:]
                )
            }
            try await installation.hold(for: project).release()
            try HostFiles.write(try lock.bytes(), to: project.lockfilePath)
            return project
        }

        /// An image as a pull for a worker leaves it.
        func image(_ worker: String, _ configuration: String? = nil, isSpaced: Bool = false) throws -> StoredImage {
            try StoredImage(
                configuration ?? #"{"Cmd":["/\#(worker)"]}"#,
                in: home.root,
                adding: "echo \(worker) > file",
                isBare: true,
                for: worker,
                isSpaced: isSpaced
            )
        }

        func clear(_ change: (inout ClearStore.Request) -> Void = { _ in }) async throws -> ClearStore.Outcome {
            var request = ClearStore.Request()
            change(&request)
            return try await ClearStore(home: home).run(request)
        }
    }

    private func withMachine(_ body: (Machine) async throws -> Void) async throws {
        try await withTemporaryDirectory { try await body(Machine(folder: $0)) }
    }

    @Test func whatALockFileNamesStays() async throws {
        try await withMachine { machine in
            let (kept, unused) = (try await machine.install("kept"), try await machine.install("unused"))
            _ = try await machine.project("project", needing: ["kept": kept])
            let preview = try await machine.clear { $0.isDryRun = true }
            #expect(preview.items.filter(\.isRemoved).map(\.digest) == [unused])
            #expect(try machine.installation.store.digests().count == 2)
            let outcome = try await machine.clear()
            #expect(outcome.items.filter(\.isRemoved).map(\.name) == ["unused"])
            #expect(outcome.freed == preview.freed && outcome.freed > .zero)
            #expect(try machine.installation.store.digests() == [kept])
            #expect(try HostFiles.entries(of: machine.home.workersBundle) == ["kept"])
            #expect(try await machine.clear().freed == .zero)
        }
    }

    @Test func twoProjectsCountBoth() async throws {
        try await withMachine { machine in
            let (one, two) = (try await machine.install("one"), try await machine.install("two"))
            _ = try await machine.project("a", needing: ["one": one])
            let other = try await machine.project("b", needing: ["two": two])
            #expect(try await machine.clear().items.allSatisfy { !$0.isRemoved })
            try HostFiles.removeTree(other.folder)
            #expect(try await machine.clear().items.filter(\.isRemoved).map(\.digest) == [two])
        }
    }

    @Test func onlyTheNamedOnesAreLookedAt() async throws {
        try await withMachine { machine in
            let (one, two) = (try await machine.install("one"), try await machine.install("two"))
            let name = try WorkerName(parsing: "one")
            let outcome = try await machine.clear { $0.names = [name] }
            #expect(outcome.items.map(\.digest) == [one])
            #expect(try machine.installation.store.digests() == [two])
        }
    }

    @Test func aLockFileThatCannotBeReadKeepsEverything() async throws {
        try await withMachine { machine in
            let digest = try await machine.install("one")
            let project = try await machine.project("project", needing: ["one": digest])
            try HostFiles.write(Array("version: 1\nworkers: [".utf8), to: project.lockfilePath)
            await #expect(throws: (any Error).self) { _ = try await machine.clear() }
            #expect(try machine.installation.store.digests() == [digest])
        }
    }

    @Test func whoInstallsIsWaitedFor() async throws {
        try await withMachine { machine in
            _ = try await machine.install("one")
            let hold = try await machine.installation.store.hold()
            let second = try await machine.installation.store.hold()
            #expect(try FileLock.attempt(machine.home.store.appending("use.lock")) == nil)
            hold.release()
            second.release()
            #expect(try await machine.clear().items.count == 1)
        }
    }

    @Test func whatAProcessUsesStays() async throws {
        try await withMachine { machine in
            let (used, unused) = (try await machine.install("used"), try await machine.install("unused"))
            let tree = machine.installation.store.tree(of: .bundle(used))
            let names = try PathsInUse.names(
                below: tree.removingLastComponent(),
                processes: try fakeProcesses(machine, tree)
            )
            #expect(names == ["\(used)"])
            // This test's own process is one that uses nothing.
            #expect(try machine.installation.store.namesInUse().isEmpty)
            #expect(try await machine.clear().items.map(\.digest).sorted() == [used, unused].sorted())
        }
    }

    @Test func imagesThatALockFileOrANameNeedsStay() async throws {
        try await withMachine { machine in
            let images = ImageStore(home: machine.home)
            let (locked, base, unused) = (
                try machine.image("locked"), try machine.image("base"), try machine.image("unused")
            )
            try images.name(base.digest, as: try ImageReference(parsing: "registry.example/base:1"))
            let project = try await machine.project("project", needing: [:])
            var lock = Lockfile()
            lock.workers[try WorkerName(parsing: "worker")] = LockedWorker(
                version: LockedVersion(SemanticVersion(1, 0, 0)),
                source: .image(locked.reference)
            )
            try HostFiles.write(try lock.bytes(), to: project.lockfilePath)
            let before = try images.fetched()
            let preview = try await machine.clear { $0.isDryRun = true }
            #expect(preview.items.filter(\.isRemoved).map(\.digest) == [unused.digest])
            #expect(preview.layers > .zero)
            #expect(try images.fetched() == before)

            let outcome = try await machine.clear()
            #expect(outcome.freed == preview.freed)
            #expect(try images.inventory().map(\.digest).sorted() == [locked.digest, base.digest].sorted())
            let kept = try images.reachable(from: locked.digest).union(images.reachable(from: base.digest))
            #expect(Set(try images.fetched().map(\.digest)) == kept)
            #expect(try await machine.clear().freed == .zero)

            try HostFiles.removeTree(project.folder)
            #expect(try await machine.clear().items.filter(\.isRemoved).map(\.digest) == [locked.digest])
        }
    }

    @Test func aLayerOfTwoImagesStaysWithEither() async throws {
        try await withMachine { machine in
            let images = ImageStore(home: machine.home)
            // The same configuration, and manifests that differ.
            let (one, two) = (try machine.image("one", "{}"), try machine.image("two", "{}", isSpaced: true))
            let name = try WorkerName(parsing: "one")
            let shared = try images.reachable(from: one.digest).intersection(images.reachable(from: two.digest))
            #expect(shared.count == 1)
            let outcome = try await machine.clear { $0.names = [name] }
            #expect(outcome.items.map(\.digest) == [one.digest])
            #expect(Set(try images.fetched().map(\.digest)) == (try images.reachable(from: two.digest)))
        }
    }

    /// A `/proc` in which one process works in `tree` and one has it mounted.
    private func fakeProcesses(_ machine: Machine, _ tree: FilePath) throws -> FilePath {
        let processes = machine.folder.appending("proc")
        for name in ["12", "13", "self"] { try HostFiles.makeDirectory(processes.appending(name)) }
        try HostFiles.replaceLink(processes.appending("12/cwd"), to: tree)
        let mounts = "36 35 98:0 \(tree) /workspace ro,noatime - ext4 /dev/root rw\n"
        try HostFiles.write(Array(mounts.utf8), to: processes.appending("13/mountinfo"))
        return processes
    }
}
