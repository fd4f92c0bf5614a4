// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(20))) struct FolderWatchTests {
    @Test func renamesAreWholeAndWritesAreNot() async throws {
        try await withTemporaryDirectory { folder in
            let watch = try FolderWatch(folder)
            try Shell.run("printf a > written; mv written renamed", in: folder)
            var changes: [FolderWatch.Change] = []
            for await change in watch.changes {
                changes.append(change)
                if change.name == "renamed" || change.name.isEmpty { break }
            }
            #expect(changes.contains(.init(name: "written", isWhole: false)))
            #expect(changes.last == .init(name: "renamed", isWhole: true))
        }
    }

    @Test func itEndsWhenItIsCancelled() async throws {
        try await withTemporaryDirectory { folder in
            let watch = try FolderWatch(folder)
            watch.cancel()
            for await _ in watch.changes {}
        }
    }

    @Test func everyLinkOnTheWayToAFileDecidesWhichItIs() throws {
        try withTemporaryDirectory { folder in
            let root = try HostFiles.canonical(folder)
            try Shell.run(
                "mkdir v1; touch v1/config.yaml; ln -s v1 ..data; ln -s ..data/config.yaml config.yaml; ln -s loop loop",
                in: folder
            )
            func shown(_ name: String) -> [String] {
                HostFiles.places(of: root.appending(name)).map { "\($0.folder.removingRoot(root)) \($0.name)" }
            }
            #expect(shown("config.yaml") == [" config.yaml", " ..data", "v1 config.yaml"])
            #expect(shown("iii.lock") == [" iii.lock"])
            #expect(shown("v1/../config.yaml").last == "v1 config.yaml")
            #expect(shown("loop").count <= 41)
        }
    }

    @Test func aFolderThatIsNotThereIsNamed() throws {
        let error = #expect(throws: HostError.self) { _ = try FolderWatch("/nowhere/at/all") }
        #expect(error?.message.contains("/nowhere/at/all") == true)
    }
}

extension FilePath {
    /// What is left of this path below another.
    fileprivate func removingRoot(_ root: FilePath) -> String {
        var path = self
        return path.removePrefix(root) ? path.string : string
    }
}
