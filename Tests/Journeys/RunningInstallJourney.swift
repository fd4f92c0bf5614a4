// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import SystemPackage
import TestSupport
import Testing

/// Installing while the project runs, and from homes with unusual names.
@Suite struct RunningInstallJourney {
    private func isAlive(_ processID: JSONValue?) -> Bool {
        guard case .number(let number)? = processID, let value = number.int64 else { return false }
        return kill(pid_t(value), 0) == 0
    }

    @Test func anUpdateOfWhatRunsReplacesItsProcessAndARemovalEndsIt() async throws {
        try await Road.open { road in
            try await road.publishScript("clock", "1.0.0", "exec sleep 10000")
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                let added = try await road.iii("worker", "add", "clock@^1.0", "--no-wait")
                try #require(added.status == 0, "\(added.talk)")
                let first = try await engine.wait(for: "clock") { isAlive($0["pid"]) }
                #expect(first["version"] == "1.0.0")
                try await road.publishScript("clock", "1.1.0", "exec sleep 10000 # newer")
                let updated = try await road.iii("worker", "update", "--no-wait")
                #expect(updated.status == 0 && updated.output.contains("clock 1.0.0 → 1.1.0"), "\(updated.talk)")
                // The lock file, the disk and the process agree.
                let second = try await engine.wait(for: "clock") { isAlive($0["pid"]) && $0["pid"] != first["pid"] }
                #expect(second["version"] == "1.1.0" && !isAlive(first["pid"]))
                #expect(road.read("iii.lock")?.contains("version: 1.1.0") == true)
                let verified = try await road.iii("worker", "verify", "--strict")
                #expect(verified.status == 0, "\(verified.talk)")

                let mistyped = try await road.iii("worker", "status", "clok")
                #expect(mistyped.status == 1 && mistyped.talk.contains("did you mean `clock`?"), "\(mistyped.talk)")
                let removed = try await road.iii("worker", "remove", "clock")
                #expect(removed.status == 0, "\(removed.talk)")
                while isAlive(second["pid"]) {
                    try Task.checkCancellation()
                    await Task.yield()
                }
            }
        }
    }

    @Test func aHomeWithBlanksAndQuotesIsNoTrouble() async throws {
        try await Road.open { road in
            let home = ["III_HOME": road.folder.appending("my 'iii' home").string]
            try await road.publishScript("talker", "1.0.0", "echo it runs; exec sleep 10000")
            let named = Road(
                folder: road.folder,
                url: road.url,
                key: road.key,
                registry: road.registry,
                homeName: "my 'iii' home"
            )
            let added = try await named.iii("worker", "add", "talker")
            try #require(added.status == 0, "\(added.talk)")
            try await RunningProject.open(named) { engine in
                let status = try await engine.wait(for: "talker") { isAlive($0["pid"]) }
                #expect(status["logs_dir"]?.text().contains("my 'iii' home") == true, "\(status)")
                let listed = try await named.iii("worker", "list", "--json")
                #expect(listed.output.contains("\"talker\""), "\(listed.output)")
                while true {
                    let logs = try await named.iii("worker", "logs", "talker")
                    if logs.output.contains("it runs") { break }
                    try Task.checkCancellation()
                }
                let stopped = try await named.iii("worker", "stop", "talker")
                #expect(stopped.status == 0 && !isAlive(status["pid"]), "\(stopped.talk)")
            }
            #expect(try await road.iii("worker", "verify", variables: home).status == 0)
        }
    }
}
