// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import Subprocess
import SystemPackage
import TestSupport
import Testing
import WorkerModel

/// A command that is killed at any moment leaves a project that the next command works from.
///
/// `scripts/kill-at-random` runs it with more kills than a test run has time for.
@Suite struct KillJourney {
    /// Kills for each command.
    static let kills = ProcessInfo.processInfo.environment["III_KILLS"].flatMap(Int.init) ?? 6

    /// A registry with two generations of three workers that need each other.
    private func publishAll(_ road: Road) async throws {
        let noise = ["noise.bin": String(repeating: "0123456789abcdef", count: 20000)]
        for version in ["1.0.0", "1.1.0"] {
            try await road.publish("base", version, files: noise)
            try await road.publish("mid", version, needs: ["base": version], files: noise)
            try await road.publish("app", version, needs: ["mid": version], files: noise)
        }
    }

    /// The files of the project agree, and what they name is whole.
    private func expectConsistent(_ road: Road, _ what: String) async throws {
        let listed = try await road.iii("worker", "list", "--json")
        #expect(listed.status == 0, "\(what): \(listed.talk)")
        let verified = try await road.iii("worker", "verify", "--strict")
        #expect(verified.status == 0, "\(what): \(verified.output)\(verified.talk)")
        let left = road.tree(road.project).filter { ![".iii-worker.lock", "config.yaml", "iii.lock"].contains($0) }
        #expect(left.isEmpty, "\(what): \(left)")
    }

    /// How long a command takes when nobody kills it.
    private func duration(_ arguments: [String], _ road: Road) async throws -> Duration {
        let start = ContinuousClock.now
        let result = try await Programs.run(
            "iii",
            ["worker"] + arguments,
            in: road.project,
            variables: road.variables
        )
        #expect(result.status == 0, "\(result.talk)")
        return ContinuousClock.now - start
    }

    @Test(arguments: ["add", "remove", "update"])
    func theNextCommandFindsAConsistentProject(verb: String) async throws {
        try await Road.open { road in
            try await publishAll(road)
            let before = ["# mine\nworkers:\n  - name: iii-http # built in\n"]
            var random = SystemRandomNumberGenerator()
            /// Brings the project to where the verb begins.
            func prepare() async throws {
                try? FileManager.default.removeItem(atPath: road.project.appending("iii.lock").string)
                try road.write(["config.yaml": before[0]], in: road.project)
                if verb == "add" {
                    try? FileManager.default.removeItem(atPath: road.home.appending("store").string)
                } else {
                    let added = try await road.iii("worker", "add", "app@1.0.0")
                    #expect(added.status == 0, "\(added.talk)")
                    // An exact version would not move.
                    let lock = try #require(road.read("iii.lock"))
                    try road.write(
                        ["iii.lock": lock.replacing("selector: 1.0.0", with: "selector: ^1.0")],
                        in: road.project
                    )
                }
            }
            let arguments = verb == "update" ? ["update"] : [verb, "app"]
            try await prepare()
            var whole = try await duration(arguments, road)
            var (attempt, killed) = (0, 0)
            // At least one is killed: what was quicker than its kill makes the next kills come sooner.
            while attempt < Self.kills || (killed == 0 && Self.kills > 0) {
                attempt += 1
                try await prepare()
                let delay = whole * Double.random(in: 0..<1, using: &random)
                if try await road.killed(arguments, after: delay) { killed += 1 } else { whole = delay }
                try await expectConsistent(road, "\(verb) \(attempt) after \(delay)")
                let names = Set((road.read("config.yaml") ?? "").split(separator: "\n").filter { $0.contains("name:") })
                // All of it or nothing of it.
                #expect([1, 4].contains(names.count), "\(names)")
                let again = try await Programs.run(
                    "iii",
                    ["worker"] + (verb == "remove" && names.count == 1 ? ["list"] : arguments),
                    in: road.project,
                    variables: road.variables
                )
                #expect(again.status == 0, "\(verb): \(again.talk)")
                try await expectConsistent(road, "\(verb) again")
            }
        }
    }

    @Test func aKilledSyncIsFinishedByTheNext() async throws {
        try await Road.open { road in
            try await publishAll(road)
            try await road.does("worker", "add", "app")
            let files = (road.read("config.yaml"), road.read("iii.lock"))
            let store = road.home.appending("store").string
            try FileManager.default.removeItem(atPath: store)
            let whole = try await duration(["sync"], road)
            for _ in 0..<Self.kills {
                try FileManager.default.removeItem(atPath: store)
                _ = try await road.killed(["sync"], after: whole * Double.random(in: 0..<1))
                #expect((road.read("config.yaml"), road.read("iii.lock")) == files)
                let again = try await road.iii("worker", "sync")
                #expect(again.status == 0, "\(again.talk)")
                try await expectConsistent(road, "sync")
            }
        }
    }

    @Test func anAddAndAnUpdateAtOnceLoseNothing() async throws {
        try await Road.open { road in
            for version in ["1.0.0", "1.1.0"] { try await road.publish("a", version) }
            try await road.publish("b", "1.0.0")
            for _ in 0..<3 {
                for file in ["iii.lock", "config.yaml"] {
                    try? FileManager.default.removeItem(atPath: road.project.appending(file).string)
                }
                try await road.does("worker", "add", "a@1.0.0")
                let lock = try #require(road.read("iii.lock"))
                try road.write(
                    ["iii.lock": lock.replacing("selector: 1.0.0", with: "selector: ^1.0")],
                    in: road.project
                )
                async let added = road.iii("worker", "add", "b")
                async let updated = road.iii("worker", "update")
                let results = try await [added, updated]
                #expect(results.map(\.status) == [0, 0], "\(results.map(\.talk))")
                let listed = try await road.iii("worker", "list")
                #expect(
                    listed.output.contains("a     1.1.0") && listed.output.contains("b     1.0.0"),
                    "\(listed.output)"
                )
                try await road.does("worker", "verify", "--strict")
            }
        }
    }

    /// The moments between the two renames are too short for a random kill: they are made by hand.
    @Test func whatACommitLeftIsToldAndFinished() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            try await road.does("worker", "add", "a")
            let (config, lock) = (try #require(road.read("config.yaml")), try #require(road.read("iii.lock")))
            let removed = try await road.iii("worker", "remove", "a")
            #expect(removed.status == 0)
            let empty = try #require(road.read("config.yaml"))
            /// As if adding had been killed after its journal and the first rename.
            func interrupt(configIs text: String) throws {
                let journal =
                    #"{"files":[{"role":"config","before":"\#(sha256(empty))","after":"\#(sha256(config))"},"#
                    + #"{"role":"lock","before":null,"after":"\#(sha256(lock))"}],"version":1}"#
                try road.write(
                    ["config.yaml": text, ".iii.lock.iii-new": lock, ".iii-worker.journal": journal],
                    in: road.project
                )
                try? FileManager.default.removeItem(atPath: road.project.appending("iii.lock").string)
            }
            try interrupt(configIs: config)
            let listed = try await road.iii("worker", "list")
            #expect(listed.talk.contains("they are complete now"), "\(listed.talk)")
            #expect(road.read("iii.lock") == lock)
            try await expectConsistent(road, "finished")

            try interrupt(configIs: "# changed by hand\nworkers: []\n")
            let left = try await road.iii("worker", "verify")
            #expect(left.talk.contains("left as it is") && left.talk.contains("/config.yaml`"), "\(left.talk)")
            #expect(road.read("config.yaml") == "# changed by hand\nworkers: []\n")
        }
    }

    private func sha256(_ text: String) -> String { Digest.sha256(text.utf8).description }
}

extension Road {
    /// Runs `iii worker` in the project and kills it after `delay`; false where it was quicker.
    func killed(_ arguments: [String], after delay: Duration) async throws -> Bool {
        try await Subprocess.run(
            .path(Programs.folder.appending("iii")),
            arguments: Arguments(["worker"] + arguments),
            environment: Programs.environment(variables),
            workingDirectory: project,
            input: .none,
            output: .discarded,
            error: .discarded
        ) { execution in
            let pid = execution.processIdentifier.value
            let deadline = ContinuousClock.now + delay
            while ContinuousClock.now < deadline, kill(pid, 0) == 0 { await Task.yield() }
            kill(pid, SIGKILL)
        }
        .terminationStatus.code == 128 + SIGKILL
    }
}
