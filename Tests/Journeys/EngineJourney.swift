// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// Workers that were added run, answer, crash, and end with the engine.
@Suite(.timeLimit(.minutes(20))) struct EngineJourney {
    @Test func addedWorkersAreReadyAndComputeTogether() async throws {
        try await Road.open { road in
            try await road.publishExample("roman-numerals")
            try await road.publishExample("roman-dates")
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                let added = try await road.iii("worker", "add", "roman-dates")
                try #require(added.status == 0, "\(added.talk)\(road.engineTalk)")
                #expect(added.talk.contains("roman-numerals is ready"))
                #expect(added.talk.contains("roman-dates is ready"))

                let called = try await road.iii("trigger", "roman-dates::format", "year=2026", "month=11", "day=21")
                #expect(called.status == 0, "\(called.talk)")
                #expect(called.output == "{\n  \"date\": \"XXI · XI · MMXXVI\"\n}\n")

                let refused = try await road.iii("trigger", "roman-numerals::write", "number=4000")
                #expect(refused.status == 1)
                #expect(refused.output.isEmpty)
                // What scripts take apart.
                try #require(refused.talk.hasPrefix("Error: {"), "\(refused.talk)")
                let error = try JSONValue(parsing: String(refused.talk.dropFirst("Error: ".count)))
                #expect(error["code"] == "out_of_range" && error["stacktrace"] == .null)
                #expect(error["message"] == "4000 has no Roman numeral", "\(refused.talk)")
                let unknown = try await road.iii("trigger", "roman-numeral::write", "number=4", "--engine", engine.url)
                #expect(unknown.status == 1)
                #expect(unknown.talk.contains("\"hint\": \"did you mean `roman-numerals::write`?\""), "\(unknown.talk)")
                let lacking = try await road.iii("trigger", "roman-numerals::write")
                #expect(lacking.status == 1)
                #expect(lacking.talk.contains("error: [W105] `number` is missing"), "\(lacking.talk)")

                let help = try await road.iii("trigger", "roman-numerals::write", "--help")
                #expect(help.output.contains("number  integer  required"), "\(help.output)")
                #expect(help.output.contains("Writes a number as a Roman numeral."))

                let status = try await engine.status("roman-dates")
                #expect(status["status"] == "ready")
                #expect(status["version"] == "1.1.0")
                #expect(status["isolation"] == "none")

                let removed = try await road.iii("worker", "remove", "roman-dates")
                #expect(removed.status == 0, "\(removed.talk)")
                while try await road.iii("trigger", "roman-dates::format", "--json", "{}").talk
                    .contains("function_not_found") == false
                { try Task.checkCancellation() }
            }
        }
    }

    @Test func aWorkerThatEndsFailsTheAddAtOnceWithWhatItPrinted() async throws {
        try await Road.open { road in
            try await road.publishScript("broken", "1.0.0", "echo 'no luck today' >&2; exit 7")
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                let added = try await road.iii("worker", "add", "broken")
                #expect(added.status == 1)
                #expect(added.talk.contains("error: [W167] `broken` exited with status 7"), "\(added.talk)")
                #expect(added.talk.contains("no luck today"))
                #expect(road.read("config.yaml")?.contains("- name: broken") == true)
                let status = try await engine.wait(for: "broken") { $0["restarts"] != 0 }
                #expect(status["last_end"] == "exited with status 7")
                // Sooner or later it is seen between two of its runs.
                while true {
                    let shown = try await road.iii("worker", "status", "broken").output
                    #expect(shown.contains("exited with status 7"))
                    if shown.contains("restarting"), shown.contains("starts again:") { break }
                    try Task.checkCancellation()
                }
                let logs = try await road.iii("worker", "logs", "broken")
                #expect(logs.talk.contains("no luck today"))
            }
        }
    }

    @Test func nothingSurvivesTheKillOfTheEngine() async throws {
        try await Road.open { road in
            // A worker with a child in a session of its own that ignores every request to end.
            let script = """
                setsid sh -c "trap '' TERM INT HUP; echo \\$\\$ > \(road.folder)/stubborn; while :; do sleep 1; done" &
                echo $$ > \(road.folder)/worker
                wait
                """
            try await road.publishScript("parent", "1.0.0", script)
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                let added = try await road.iii("worker", "add", "parent", "--no-wait")
                #expect(added.status == 0, "\(added.talk)")
                var processes: [Int32] = []
                while processes.count < 2 {
                    processes = ["worker", "stubborn"].compactMap { name in
                        FileManager.default.contents(atPath: road.folder.appending(name).string)
                            .flatMap { Int32(String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .newlines)) }
                    }
                    try Task.checkCancellation()
                    await Task.yield()
                }
                for process in processes { #expect(kill(process, 0) == 0) }
                kill(engine.process.value, SIGKILL)
                for process in processes {
                    while kill(process, 0) == 0 {
                        try Task.checkCancellation()
                        await Task.yield()
                    }
                }
            }
            let without = try await road.iii("worker", "status", "parent")
            #expect(without.status == 1)
            #expect(without.talk.contains("[W164]"))
        }
    }

    @Test func aBrokenFileLeavesWhatRunsAlone() async throws {
        try await Road.open { road in
            try await road.publishScript("steady", "1.0.0", "exec sleep 1000")
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                try await road.does("worker", "add", "steady", "--no-wait")
                let before = try await engine.wait(for: "steady") { $0["running"] == true }
                let good = try #require(road.read("config.yaml"))
                try road.write(["config.yaml": "workers:\n  - name: [\n"], in: road.project)
                while !road.engineTalk.contains("the configuration is not taken up") {
                    try Task.checkCancellation()
                    await Task.yield()
                }
                #expect(road.engineTalk.contains("[W131]"))
                try road.write(["config.yaml": good + "  - name: other\n"], in: road.project)
                let waiting = try await engine.wait(for: "other") { $0["status"] == "waiting" }
                #expect(waiting["reason"] == "it is not installed")
                // What is said in vain is told, and only once.
                try road.write(["config.yaml": "workerz: []\n" + good + "  - name: other\n"], in: road.project)
                let listener = "  - name: iii-worker-manager\n    config: {port: 1}\n"
                try road.write(
                    ["config.yaml": "workerz: []\n" + good + listener + "  - name: third\n"],
                    in: road.project
                )
                _ = try await engine.wait(for: "third") { $0["status"] == "waiting" }
                let warnings = road.engineTalk.split(separator: "\n").filter {
                    $0.hasPrefix("warning: config.yaml: line ")
                }
                #expect(road.engineTalk.contains("`iii-worker-manager` counts from the next start of the engine on"))
                let meant = "`workerz` means nothing here; did you mean `workers`?"
                #expect(warnings.count == 1 && warnings[0].hasSuffix(meant), "\(warnings)")
                #expect(try await engine.status("steady")["pid"] == before["pid"])
            }
        }
    }

    @Test func workersAreStoppedStartedAndRestarted() async throws {
        try await Road.open { road in
            try await road.publishExample("roman-numerals")
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                try await road.does("worker", "add", "roman-numerals")
                let first = try await engine.status("roman-numerals")["pid"]
                let again = try await road.iii("worker", "start", "roman-numerals")
                #expect(again.status == 1)
                #expect(again.talk.contains("[W114]"))
                let restarted = try await road.iii("worker", "restart", "roman-numerals")
                #expect(restarted.status == 0, "\(restarted.talk)")
                #expect(try await engine.status("roman-numerals")["pid"] != first)
                let stopped = try await road.iii("worker", "stop", "roman-numerals")
                #expect(stopped.status == 0, "\(stopped.talk)")
                #expect(try await engine.status("roman-numerals")["status"] == "stopped")
                let gone = try await road.iii("trigger", "roman-numerals::write", "number=1")
                #expect(gone.status == 1)
                try await road.does("worker", "start", "roman-numerals", "--host", engine.url)
                let called = try await road.iii("trigger", "roman-numerals::write", "number=4")
                #expect(called.output.contains("IV"))
                let unknown = try await road.iii("worker", "stop", "nobody")
                #expect(unknown.talk.contains("[W112]"))
                let second = try await road.iii("--listen", "127.0.0.1:0")
                #expect(second.status == 1)
                #expect(second.talk.contains("[W168]"))
            }
        }
    }

    @Test func functionsOfTheBusDoWhatTheCommandsDo() async throws {
        try await Road.open { road in
            try await road.publishExample("roman-numerals")
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { _ in
                let added = try await road.iii("trigger", "worker::add", "source=roman-numerals@^2")
                #expect(added.status == 0, "\(added.talk)")
                #expect(try JSONValue(parsing: added.output)["awaited_ready"] == true)
                let listed = try await road.iii("trigger", "worker::list")
                #expect(listed.output.contains("\"ready\""))
                let unsure = try await road.iii("trigger", "worker::remove", "names=[\"roman-numerals\"]")
                #expect(unsure.talk.contains("W104"))
                let removed = try await road.iii("trigger", "worker::remove", "names=[\"roman-numerals\"]", "yes=true")
                #expect(removed.status == 0, "\(removed.talk)")
                #expect(try JSONValue(parsing: removed.output)["removed"] == ["roman-numerals"])
            }
        }
    }

    /// What clients of other engines look for in `worker::status` is there, beside our own.
    @Test func aStatusHasWhatClientsLookFor() async throws {
        try await Road.open { road in
            try await road.publishScript("talker", "1.0.0", "echo to-out; echo to-err >&2; exec sleep 1000")
            try await road.publishScript("broken", "1.0.0", "echo no luck >&2; exit 3")
            try await road.does("worker", "add", "talker", "broken")
            let more = try #require(road.read("config.yaml")) + "  - name: absent\n"
            try road.write(["config.yaml": more], in: road.project)
            try await RunningProject.open(road) { engine in
                func status(_ name: String) async throws -> JSONValue {
                    try JSONValue(parsing: try await road.does("trigger", "worker::status", "name=\(name)").output)
                }
                var talker = try await status("talker")
                while talker["stderr_tail"] != ["to-err"] || talker["stdout_tail"] != ["to-out"] {
                    try Task.checkCancellation()
                    talker = try await status("talker")
                }
                #expect(talker["installed"] == true && talker["worker_type"] == "binary", "\(talker)")
                #expect(talker["hint"] == .null && talker["version"] == "1.0.0")
                _ = try await engine.wait(for: "broken") { $0["status"] == "restarting" || $0["status"] == "failed" }
                let broken = try await status("broken")
                #expect(broken["hint"] == "iii worker logs broken", "\(broken)")
                guard case .array(let lines)? = broken["stderr_tail"] else {
                    Issue.record("\(broken)")
                    return
                }
                #expect(lines.last == "no luck" && lines.count <= 20)
                let absent = try await status("absent")
                #expect(absent["installed"] == false && absent["worker_type"] == "not-installed", "\(absent)")
                #expect(absent["hint"] == "iii worker add absent")
            }
        }
    }

    @Test func withoutAnEngineAddSaysHowToStartOne() async throws {
        try await Road.open { road in
            try await road.publishExample("roman-numerals")
            let added = try await road.iii("worker", "add", "roman-numerals")
            #expect(added.status == 0, "\(added.talk)")
            #expect(added.talk.contains("hint: no engine runs this project"))
            let called = try await road.iii("trigger", "a::b", "--host", "127.0.0.1:1")
            #expect(called.status == 1)
            #expect(called.talk.contains("[W164]"))
            let bad = try await road.iii("trigger", "a::b", "word")
            #expect(bad.talk.contains("[W105]"))
            #expect(try await road.iii("trigger").status == 2)
        }
    }
}
