// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

/// What an operation makes is there until its end, and only until then.
@Suite struct StagingFolderTests {
    /// Each begins by removing what the dead have left, while others make their folders.
    @Test func manyAtOnceKeepTheirFolders() async throws {
        try await withTemporaryDirectory { root in
            let staging = root.appending("staging")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<400 {
                    group.addTask {
                        try await StagingFolder.with(below: staging) { folder in
                            try HostFiles.writeNew(Array("\(number)".utf8), to: folder.appending("a"), mode: 0o644)
                            await Task.yield()
                            try HostFiles.rename(folder.appending("a"), to: folder.appending("b"))
                            let bytes = try HostFiles.read(folder.appending("b"), upTo: .kibibytes(1))
                            #expect(bytes == Array("\(number)".utf8))
                        }
                    }
                }
                try await group.waitForAll()
            }
            let left = try HostFiles.entries(of: staging)
            #expect(left.isEmpty)
        }
    }

    @Test func isGoneAfterAFailure() async throws {
        struct Failure: Error {}
        try await withTemporaryDirectory { root in
            await #expect(throws: Failure.self) {
                try await StagingFolder.with(below: root.appending("staging")) { folder in
                    try HostFiles.makeDirectory(folder.appending("deep/er"))
                    throw Failure()
                }
            }
            let left = try HostFiles.entries(of: root.appending("staging"))
            #expect(left.isEmpty)
        }
    }
}
