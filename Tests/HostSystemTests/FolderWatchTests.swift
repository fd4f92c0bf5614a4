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

    @Test func aFolderThatIsNotThereIsNamed() throws {
        let error = #expect(throws: HostError.self) { _ = try FolderWatch("/nowhere/at/all") }
        #expect(error?.message.contains("/nowhere/at/all") == true)
    }
}
