// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Namespaces
import SandboxTestSupport
import Sandboxing
import SystemPackage
import TestSupport
import Testing
import WorkerModel

/// What a worker keeps on the host's disk has a limit, too.
@Suite(.timeLimit(.minutes(10)))
struct KeptFolderTests {
    private let fixture: SandboxFixture

    init() {
        var features = NamespacesBackend.Features()
        features.pause = .milliseconds(20)
        let backend = NamespacesBackend(guest: Here.guest, bubblewrap: Here.bubblewrap, features: features)
        fixture = SandboxFixture(backend: backend, base: .host)
    }

    private func specification(_ script: String, _ folder: FilePath) throws -> SandboxSpecification {
        var specification = try fixture.specification(script, workspace: .persistent(folder.appending("tree")))
        specification.home = folder.appending("home")
        specification.limits.kept = .mebibytes(8)
        return specification
    }

    @Test(arguments: ["/workspace", "/home/worker"])
    func whoKeepsMoreThanItMayIsKilledAndNotStartedAgain(place: String) async throws {
        try await withTemporaryDirectory { folder in
            try Shell.run("mkdir tree; chmod 755 .", in: folder)
            // In many small files: no single one is too large.
            let eater = "mkdir d; i=0; while :; do head -c 100000 /dev/zero > d/$i; i=$((i + 1)); done"
            let output = CollectedOutput()
            let sandbox = try await fixture.backend.start(
                specification("cd \(place); \(eater)", folder),
                output: output
            )
            #expect(sandbox.enforcement.scratch == .bestEffort)
            #expect(await sandbox.exit() == .outOfDisk(limit: .mebibytes(8)), "\(output.errors)")
            let again = try specification("true", folder)
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.run(again) }
            #expect(error?.message.contains("more than its limit of 8 MiB") == true, "\(String(describing: error))")
        }
    }

    @Test func whoKeepsLessIsLeftAlone() async throws {
        try await withTemporaryDirectory { folder in
            try Shell.run("mkdir tree; chmod 755 .", in: folder)
            for expected in ["1\n", "2\n"] {
                let script =
                    "echo x >> file; ln -f file link; wc -l < file"
                let (exit, output, errors) = try await fixture.run(try specification(script, folder))
                #expect(exit == .exited(status: 0), "\(errors)")
                #expect(output == expected)
            }
        }
    }
}

/// What a folder takes on disk.
struct AllocatedSizeTests {
    @Test func countsEachFileOnceAndFollowsNoLink() throws {
        try withTemporaryDirectory { folder in
            try Shell.run(
                """
                mkdir -p a/b; head -c 1000000 /dev/zero > a/b/file; ln a/b/file a/second; ln -s /usr a/link
                truncate -s 1T a/sparse
                """,
                in: folder
            )
            let size = try #require(HostFiles.allocatedSize(of: folder.appending("a")))
            #expect(size.bytes >= 1_000_000 && size.bytes < 1_200_000, "\(size)")
            #expect(HostFiles.allocatedSize(of: folder.appending("none")) == .zero)
        }
    }

    @Test func whoHidesFoldersInFoldersIsFound() throws {
        try withTemporaryDirectory { folder in
            try Shell.run("python3 -c \"import os\nfor _ in range(400): os.mkdir('d'); os.chdir('d')\"", in: folder)
            #expect(HostFiles.allocatedSize(of: folder) == nil)
        }
    }
}
