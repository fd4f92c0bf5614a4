// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// Each failure has its own code, names the thing and the next step, and leaves everything as it was.
@Suite struct FailureJourney {
    /// Runs `iii worker add` and checks that it fails with a code and changes nothing in project and store.
    private func refused(
        _ road: Road,
        _ code: String,
        _ arguments: [String],
        variables: [String: String] = [:],
        status: Int32 = 1,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let project = road.tree(road.project).filter { $0 != ".iii-worker.lock" }
        let config = road.read("config.yaml")
        let store = road.tree(road.store)
        let result = try await Programs.run(
            "iii",
            ["worker", "add"] + arguments,
            in: road.project,
            variables: road.variables.merging(variables) { $1 }
        )
        #expect(result.status == status, "\(result.talk)", sourceLocation: sourceLocation)
        #expect(result.talk.contains("error: [\(code)]"), "\(result.talk)", sourceLocation: sourceLocation)
        #expect(result.output.isEmpty, sourceLocation: sourceLocation)
        #expect(road.tree(road.project).filter { $0 != ".iii-worker.lock" } == project, sourceLocation: sourceLocation)
        #expect(road.read("config.yaml") == config, sourceLocation: sourceLocation)
        #expect(road.tree(road.store) == store, sourceLocation: sourceLocation)
        return result.talk
    }

    @Test func whatDoesNotExistIsNamed() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            try await road.publish("needy", "1.0.0", needs: ["nobody": "^1.0"])
            #expect(try await refused(road, "W110", ["nothing"]).contains("nothing"))
            #expect(try await refused(road, "W115", ["a@2.0.0"]).contains("1.0.0"))
            #expect(try await refused(road, "W115", ["a@^3.0"]).contains("^3.0"))
            #expect(try await refused(road, "W115", ["a@beta"]).contains("beta"))
            #expect(try await refused(road, "W110", ["needy"]).contains("needy -> nobody"))
            _ = try await refused(road, "W100", ["sp ace"])
            _ = try await refused(road, "W101", ["a@"])
            _ = try await refused(road, "W101", ["a", "a"])
        }
    }

    @Test func oneBadNameStopsThemAll() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            _ = try await refused(road, "W110", ["a", "nothing"])
        }
    }

    @Test func conflictsAreExplained() async throws {
        try await Road.open { road in
            for version in ["1.0.0", "2.0.0"] { try await road.publish("base", version) }
            try await road.publish("old", "1.0.0", needs: ["base": "^1.0"])
            try await road.publish("new", "1.0.0", needs: ["base": "^2.0"])
            try await road.publish("both", "1.0.0", needs: ["old": "*", "new": "*"])
            let talk = try await refused(road, "W116", ["both"])
            #expect(talk.contains("^1.0") && talk.contains("^2.0"))
            _ = try await refused(road, "W116", ["old", "new"])
        }
    }

    @Test func brokenYAMLKeepsItsPlace() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            try road.write(["config.yaml": "workers:\n  - name: [\n"], in: road.project)
            let talk = try await refused(road, "W131", ["a"])
            #expect(talk.contains("config.yaml"))
            #expect(talk.contains("line"))
        }
    }

    @Test func brokenLockfileIsNotRepaired() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            try road.write(["config.yaml": "workers: []\n", "iii.lock": "version: 7\nworkers: {}\n"], in: road.project)
            _ = try await refused(road, "W151", ["a"])
            #expect(road.read("iii.lock") == "version: 7\nworkers: {}\n")
        }
    }

    @Test func aRegistryThatIsNotThereIsNamed() async throws {
        try await Road.open { road in
            let talk = try await refused(road, "W143", ["a"], variables: ["III_API_URL": "http://127.0.0.1:1"])
            #expect(talk.contains("127.0.0.1:1"))
        }
    }

    @Test func bundlesCanBeDisabled() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            _ = try await refused(road, "W186", ["a"], variables: ["III_BUNDLE_WORKERS_DISABLED": "1"], status: 3)
        }
    }

    @Test func aChangedBlobIsRefusedWhereverTheByteIs() async throws {
        try await Road.open { road in
            try await road.publish(
                "a",
                "1.0.0",
                files: ["noise.bin": String(repeating: "0123456789abcdef", count: 5000)]
            )
            let blobs = road.tree(road.data).filter { $0.hasPrefix("blobs/sha256/") }
                .map { road.data.appending($0).string }
                .filter {
                    FileManager.default.fileExists(atPath: $0) && URL(fileURLWithPath: $0).hasDirectoryPath == false
                }
            // The archive, not the documents by which clients of images get it.
            let blob = try #require(
                blobs.first { (try? Data(contentsOf: URL(fileURLWithPath: $0)))?.starts(with: [0x1F, 0x8B]) == true }
            )
            let whole = try Data(contentsOf: URL(fileURLWithPath: blob))
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: blob)
            for offset in [0, 5, 100, whole.count / 2, whole.count - 9, whole.count - 1] {
                var changed = whole
                changed[offset] ^= 1
                try changed.write(to: URL(fileURLWithPath: blob))
                _ = try await refused(road, "W142", ["a"])
            }
            try whole.dropLast().write(to: URL(fileURLWithPath: blob))
            _ = try await refused(road, "W142", ["a"])
            try whole.write(to: URL(fileURLWithPath: blob))
            try await road.does("worker", "add", "a")
        }
    }

    @Test func errorsAreJSONWhereThatIsAskedFor() async throws {
        try await Road.open { road in
            let result = try await road.iii("worker", "add", "nothing", "--json")
            #expect(result.status == 1)
            let error = try JSONValue(parsing: result.output)
            #expect(error["type"] == "WorkerOpError")
            #expect(error["code"] == "W110")
        }
    }

    @Test(arguments: [
        ["worker", "add"], ["worker", "add", "a", "--nonsense"], ["worker", "nonsense"], ["worker", "remove"],
        ["worker", "publish", "--tag", "x", "--no-tag"], ["worker", "add", "a", "--reset-config"],
    ])
    func wrongUsageEndsWithTwo(arguments: [String]) async throws {
        try await withTemporaryDirectory { folder in
            let result = try await Programs.run("iii", arguments, in: folder, variables: ["HOME": folder.string])
            #expect(result.status == 2, "\(result.talk)")
        }
    }

    @Test func aProjectThatSomebodyHoldsIsLeftAlone() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            try await road.does("worker", "add", "a")
            let held = open(road.project.appending(".iii-worker.lock").string, O_RDWR)
            #expect(flock(held, LOCK_EX) == 0)
            defer { close(held) }
            let result = try await road.iii("worker", "remove", "a")
            #expect(result.status == 1)
            #expect(result.talk.contains("[W120]"))
            #expect(road.read("config.yaml")?.contains("- name: a\n") == true)
        }
    }

    @Test func nothingTakesThePlaceOfClosedStreams() async throws {
        try await withTemporaryDirectory { folder in
            let data = folder.appending("registry")
            let serve = "exec \(Programs.folder)/iii-registry serve --listen 127.0.0.1:0 --data \(data) 0<&- 1>&- 2>&-"
            _ = try await Subprocess.run(
                .path("/bin/sh"),
                arguments: ["-c", serve],
                environment: Programs.environment(["HOME": folder.string]),
                input: .none,
                output: .discarded,
                error: .discarded
            ) { execution in
                while !FileManager.default.fileExists(atPath: data.appending("blobs").string) { await Task.yield() }
                for stream in 0...2 {
                    let link = "/proc/\(execution.processIdentifier.value)/fd/\(stream)"
                    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "/dev/null")
                }
                try execution.send(signal: .kill)
            }
        }
    }
}
