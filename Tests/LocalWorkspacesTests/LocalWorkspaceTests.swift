// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import LocalWorkspaces
import SystemPackage
import TestSupport
import Testing

/// The copy follows the source; what an install made in it stays; nothing planted in it leads out.
struct LocalWorkspaceTests {
    private func withWorkspace(_ body: (LocalWorkspace, FilePath) throws -> Void) throws {
        try withTemporaryDirectory { folder in
            try Shell.run(
                "mkdir source; echo one > source/a.txt; mkdir source/sub; echo two > source/sub/b.txt",
                in: folder
            )
            try body(
                LocalWorkspace(source: folder.appending("source"), folder: folder.appending("workspace")),
                folder
            )
        }
    }

    @Test func copiesChangesAndRemovals() throws {
        try withWorkspace { workspace, folder in
            try workspace.update(owner: nil)
            #expect(try Shell.run("cat tree/a.txt tree/sub/b.txt", in: workspace.folder) == "one\ntwo\n")
            try Shell.run("echo changed > source/a.txt; rm source/sub/b.txt; echo new > source/sub/c", in: folder)
            try workspace.update(owner: nil)
            #expect(try Shell.run("cat tree/a.txt; ls tree/sub", in: workspace.folder) == "changed\nc\n")
        }
    }

    @Test func keepsWhatAnInstallMade() throws {
        try withWorkspace { workspace, folder in
            try Shell.run("echo node_modules/ > source/.gitignore", in: folder)
            try workspace.update(owner: nil)
            try Shell.run("mkdir -p tree/node_modules/x; echo lib > tree/node_modules/x/i.js", in: workspace.folder)
            try Shell.run("echo more > source/new.txt", in: folder)
            try workspace.update(owner: nil)
            #expect(try Shell.run("cat tree/node_modules/x/i.js tree/new.txt", in: workspace.folder) == "lib\nmore\n")
        }
    }

    @Test func writesThroughNoPlantedLink() throws {
        try withWorkspace { workspace, folder in
            try workspace.update(owner: nil)
            try Shell.run(
                """
                mkdir outside; echo safe > outside/b.txt; echo safe > outside/a.txt
                rm -r workspace/tree/sub workspace/tree/a.txt
                ln -s ../../outside workspace/tree/sub; ln -s ../../outside/a.txt workspace/tree/a.txt
                echo evil > source/a.txt; echo evil > source/sub/b.txt
                """,
                in: folder
            )
            try workspace.update(owner: nil)
            #expect(try Shell.run("cat outside/a.txt outside/b.txt", in: folder) == "safe\nsafe\n")
            #expect(try Shell.run("cat workspace/tree/a.txt workspace/tree/sub/b.txt", in: folder) == "evil\nevil\n")
        }
    }

    @Test func removesNothingThroughAPlantedLink() throws {
        try withWorkspace { workspace, folder in
            try workspace.update(owner: nil)
            try Shell.run(
                """
                mkdir outside; echo safe > outside/b.txt
                rm -r workspace/tree/sub; ln -s ../../outside workspace/tree/sub; rm source/sub/b.txt
                """,
                in: folder
            )
            try workspace.update(owner: nil)
            #expect(try Shell.run("cat outside/b.txt", in: folder) == "safe\n")
        }
    }

    @Test func preparesAgainOnlyWhenInputsChange() throws {
        try withWorkspace { workspace, folder in
            try Shell.run("echo '{}' > source/package.json", in: folder)
            func inputs(_ install: String = "npm ci") throws -> String {
                try workspace.inputs(setup: nil, install: install, of: try workspace.update(owner: nil))
            }
            let first = try inputs()
            #expect(try !workspace.isPrepared(for: first))
            try workspace.markPrepared(for: first)
            try Shell.run("echo changed > source/a.txt", in: folder)
            #expect(try workspace.isPrepared(for: inputs()))
            #expect(try !workspace.isPrepared(for: inputs("npm install")))
            try Shell.run("echo '{\"a\": 1}' > source/package.json", in: folder)
            #expect(try !workspace.isPrepared(for: inputs()))
        }
    }

    @Test func refusesAFolderThatIsNoSource() throws {
        try withWorkspace { workspace, folder in
            try Shell.run("cd source; seq 1 20001 | xargs touch", in: folder)
            #expect(throws: TooManyFiles.self) { try workspace.update(owner: nil) }
        }
    }
}

struct DebounceTests {
    @Test func waitsUntilTheSourceRests() {
        var debounce = Debounce(seen: 0)
        #expect([0, 1, 2, 2].map { debounce.look($0) } == [false, false, false, true])
    }

    @Test func aChangeThatIsTakenBackIsNone() {
        var debounce = Debounce(seen: 0)
        #expect([1, 0, 0, 0].map { debounce.look($0) } == [false, false, false, false])
    }
}
