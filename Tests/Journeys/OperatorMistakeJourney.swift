// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import SystemPackage
import TestSupport
import Testing

/// What an operator gets wrong, or a disk does: nothing is lost, and the words say what to do.
@Suite struct OperatorMistakeJourney {
    private func run(_ arguments: [String], in folder: FilePath) async throws -> Programs.Result {
        try await Programs.run("iii-registry", arguments, in: folder, variables: [:])
    }

    /// A new registry over the blobs of another would delete them in a day, before their records are put back.
    @Test(arguments: ["rm registry.sqlite*", ": > registry.sqlite; rm -f registry.sqlite-*"])
    func aFolderWhoseRecordsAreGoneIsNotServed(_ loss: String) async throws {
        try await withTemporaryDirectory { outer in
            let folder = outer.appending("copy")
            try await Road.open { road in
                try await road.publish("a", "1.0.0")
                try Shell.run("cp -a \(road.data) \(folder)", in: outer)
            }
            let blobs = "find blobs/sha256 -type f | sort"
            let kept = try Shell.run(blobs, in: folder)
            #expect(!kept.isEmpty)
            try Shell.run(loss, in: folder)
            let refused = try await run(["serve", "--listen", "127.0.0.1:0", "--data", folder.string], in: outer)
            #expect(refused.status == 1 && refused.output.isEmpty, "\(refused.output)")
            #expect(
                refused.talk.contains("whose records are gone") && refused.talk.contains("restore"),
                "\(refused.talk)"
            )
            #expect(try Shell.run(blobs, in: folder) == kept)
        }
    }

    @Test func backupsThatCannotBeAreNamed() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            let data = ["--data", road.data.string]
            let missing = try await run(["backup", "nowhere/b.tar.gz"] + data, in: road.folder)
            #expect(missing.status == 1 && missing.talk.contains("there is no folder"), "\(missing.talk)")
            #expect(!FileManager.default.fileExists(atPath: road.folder.appending("nowhere").string))
            // One that was killed has left its folder, which nobody holds.
            try Shell.run(
                "mkdir -p .iii-registry-backup/left; echo x > .iii-registry-backup/left/backup.tar.gz",
                in: road.folder
            )
            _ = try await run(["backup", "b.tar.gz"] + data, in: road.folder).succeeded(["backup"])
            #expect(!FileManager.default.fileExists(atPath: road.folder.appending(".iii-registry-backup").string))

            try Shell.run("head -c 300 b.tar.gz > cut.tar.gz; tar -czf other.tar.gz b.tar.gz", in: road.folder)
            for (file, words) in [
                ("cut.tar.gz", "is cut or damaged"), ("other.tar.gz", "is not a backup"),
                ("none.tar.gz", "there is no file"),
            ] {
                let refused = try await run(["restore", file, "--data", "new"], in: road.folder)
                #expect(refused.status == 1 && refused.talk.contains(words), "\(file): \(refused.talk)")
                #expect(!refused.talk.contains("publisher"), "\(refused.talk)")
                #expect(!FileManager.default.fileExists(atPath: road.folder.appending("new").string))
            }
        }
    }

    @Test func addressesThatCannotBeServedAreNamed() async throws {
        try await Road.open { road in
            let port = try #require(road.url.split(separator: ":").last)
            let taken = try await run(["serve", "--listen", "127.0.0.1:\(port)", "--data", "other"], in: road.folder)
            #expect(taken.status == 1 && taken.talk.contains("[W163]"), "\(taken.talk)")
            let unnamed = try await run(["serve", "--listen", "0.0.0.0:0", "--data", "third"], in: road.folder)
            #expect(unnamed.status == 1 && unnamed.talk.contains("--public-url"), "\(unnamed.talk)")
            #expect(!FileManager.default.fileExists(atPath: road.folder.appending("third").string))
            let version = try await run(["--version"], in: road.folder)
            #expect(version.status == 0 && version.output.hasPrefix("iii-registry "), "\(version.output)")
        }
    }
}
