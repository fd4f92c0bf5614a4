// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// What somebody at a terminal does with a running engine.
@Suite(.timeLimit(.minutes(20))) struct RunningJourney {
    @Test func aCallThatTakesTooLongEndsWith124() async throws {
        try await Road.open { road in
            try await road.publishScript("mute", "1.0.0", "exec sleep 1000")
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                try #require(try await road.iii("worker", "add", "mute", "--no-wait").status == 0)
                _ = try await engine.wait(for: "mute") { $0["status"] == "booting" }
                let waiting = ["trigger", "worker::status", "name=mute", "wait=true", "--timeout"]
                for time in ["300ms", "0.2s"] {
                    let late = try await Programs.run(
                        "iii",
                        waiting + [time],
                        in: road.project,
                        variables: road.variables
                    )
                    #expect(late.status == 124)
                    #expect(late.output.isEmpty)
                    #expect(late.talk.contains("error: [W166] `worker::status` did not answer"), "\(late.talk)")
                }
            }
        }
    }

    @Test func logsAreFollowedUntilInterrupted() async throws {
        try await Road.open { road in
            let script = """
                echo first
                while ! test -e \(road.folder)/go; do sleep 0.1; done
                echo second; echo third >&2
                exec sleep 1000
                """
            try await road.publishScript("chatty", "1.0.0", script)
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                try #require(try await road.iii("worker", "add", "chatty", "--no-wait").status == 0)
                let result = try await Subprocess.run(
                    .path(Programs.folder.appending("iii")),
                    arguments: ["worker", "logs", "chatty", "--follow"],
                    environment: Programs.environment(road.variables),
                    workingDirectory: road.project,
                    input: .none,
                    output: .sequence,
                    error: .string(limit: 1 << 16)
                ) { execution in
                    var lines: [String] = []
                    for try await line in execution.standardOutput.strings() {
                        lines.append(line.trimmingCharacters(in: .newlines))
                        if lines.last == "first" { try road.write(["go": ""], in: road.folder) }
                        if lines.last == "second" { try execution.send(signal: .interrupt) }
                    }
                    return lines
                }
                #expect(result.terminationStatus.code == 130)
                #expect(result.takeClosureResult() == ["first", "second"])
                // An interruption is what was meant: nothing is said of it.
                #expect(["", "third\n"].contains(result.standardError), "\(result.standardError)")
                let all = try await road.iii("worker", "logs", "chatty")
                #expect(all.talk == "third\n")
                #expect(all.output == "first\nsecond\n")
                try await road.does("worker", "restart", "chatty", "--no-wait")
                var story: [String] = []
                while story.count < 8 {
                    let told = try await road.iii("worker", "logs", "chatty", "--json", "--since", "1h")
                    guard case .array(let lines)? = try JSONValue(parsing: told.output)["lines"] else { return }
                    story = lines.compactMap { if case .string(let text)? = $0["text"] { text } else { nil } }
                }
                // What goes to two pipes at one moment has no order.
                #expect(
                    story.filter { $0 != "third" } == [
                        "first", "second", "stopped", "started again", "first", "second",
                    ]
                )
                #expect(story.split(separator: "stopped").map { $0.filter { $0 == "third" }.count } == [1, 1])
                let timed = try await road.iii("worker", "logs", "chatty", "--timestamps", "--tail", "4")
                #expect(
                    timed.talk.contains(
                        /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z iii: started again$/.anchorsMatchLineEndings()
                    )
                )
                #expect(try await road.iii("worker", "logs", "chatty", "--since", "2999-01-01").output.isEmpty)
                #expect(try await road.iii("worker", "logs", "chatty", "--since", "yesterday").status == 2)
            }
        }
    }

    @Test func workersOfAProjectAreCompleted() async throws {
        try await Road.open { road in
            try road.write(["config.yaml": "workers:\n  - name: steady\n  - name: other\n"], in: road.project)
            let script = try await road.iii("completions", "bash")
            try road.write(["completions": script.output], in: road.folder)
            for verb in ["remove", "update", "why", "clear", "logs", "exec"] {
                let asked = try await Subprocess.run(
                    .path("/bin/bash"),
                    arguments: [
                        "-c",
                        """
                        PATH=\(Programs.folder):$PATH; source \(road.folder)/completions
                        COMP_LINE='iii worker \(verb) st'; COMP_POINT=${#COMP_LINE}
                        COMP_WORDS=(iii worker \(verb) st); COMP_CWORD=3
                        "$(complete -p iii | sed 's/.*-F \\([^ ]*\\) .*/\\1/')" iii st \(verb)
                        printf '%s\\n' "${COMPREPLY[@]}"
                        """,
                    ],
                    environment: Programs.environment(road.variables),
                    workingDirectory: road.project,
                    output: .string(limit: 1 << 16),
                    error: .string(limit: 1 << 16)
                )
                #expect(asked.standardOutput == "steady\n", "\(verb): \(asked.standardError)")
            }
        }
    }

    @Test func aConfigurationThatIsNamedIsNotMade() async throws {
        try await Road.open { road in
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            let result = try await road.iii("-c", "confg.yaml", "--listen", "127.0.0.1:0")
            #expect(result.status == 1)
            #expect(result.talk.contains("error: [W130] `\(road.project)/confg.yaml` is not there"), "\(result.talk)")
            #expect(result.talk.contains("hint: did you mean `config.yaml`?"))
            #expect(road.read("confg.yaml") == nil)
        }
    }

    /// As bash calls it, which has cut the words at colons.
    @Test func functionsOfTheRunningEngineAreCompleted() async throws {
        try await Road.open { road in
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { _ in
                let script = try await road.iii("completions", "bash")
                try road.write(["completions": script.output], in: road.folder)
                for (line, words, expected) in [
                    ("iii trigger worker::st", "iii trigger worker :: st", "start\nstatus\nstop\n"),
                    ("iii trigger worker::up", "iii trigger worker :: up", "update\n"),
                    ("iii trigger configuration", "iii trigger configuration", nil),
                    ("iii work", "iii work", "worker\n"),
                ] {
                    let ask: @Sendable () async throws -> (offered: String, errors: String) = {
                        let asked = try await Subprocess.run(
                            .path("/bin/bash"),
                            arguments: [
                                "-c",
                                """
                                PATH=\(Programs.folder):$PATH; source \(road.folder)/completions
                                COMP_LINE='\(line)'; COMP_POINT=${#COMP_LINE}; COMP_WORDS=(\(words)); COMP_CWORD=4
                                "$(complete -p iii | sed 's/.*-F \\([^ ]*\\) .*/\\1/')" iii st ::
                                printf '%s\\n' "${COMPREPLY[@]}" | sort
                                """,
                            ],
                            environment: Programs.environment(road.variables),
                            workingDirectory: road.project,
                            output: .string(limit: 1 << 16),
                            error: .string(limit: 1 << 16)
                        )
                        return (asked.standardOutput, asked.standardError)
                    }
                    let isRight = { (offered: String) in
                        expected.map { offered == $0 } ?? offered.contains("configuration::get\n")
                    }
                    // Who completes does not wait long for an engine: on a busy machine it has to be asked again.
                    var answer = try await ask()
                    for _ in 0..<20 where !isRight(answer.offered) { answer = try await ask() }
                    #expect(isRight(answer.offered), "\(line): \(answer)")
                }
            }
        }
    }

    @Test func whatKeepsAnEngineFromStartingIsSaidWithTheNextStep() async throws {
        try await Road.open { road in
            // A folder without a project becomes one.
            try await RunningProject.open(road) { engine in
                #expect(road.engineTalk.contains("began a project: wrote \(road.project)/config.yaml"))
                #expect(road.read("config.yaml")?.contains("workers: []") == true)
                try road.write(["config.yaml": "workers: []\n"], in: road.folder.appending("other"))
                let taken = try await road.iii("--listen", engine.address, in: road.folder.appending("other"))
                #expect(taken.status == 1)
                #expect(taken.talk.contains("error: [W163] `\(engine.address)` is in use"), "\(taken.talk)")
                #expect(taken.talk.contains("hint: another engine may run here already"))
                let second = try await road.iii("--listen", "127.0.0.1:0")
                #expect(second.status == 1)
                #expect(second.talk.contains("error: [W168] an engine runs this project already (process "))
            }
            try road.write(["config.yaml": "workers: [\n"], in: road.project)
            let broken = try await road.iii("--listen", "127.0.0.1:0")
            #expect(broken.status == 1)
            #expect(broken.talk.contains("[W131]"), "\(broken.talk)")
        }
    }

    /// The moment in which it accepts already and knows no workers yet is short: it is tried several times.
    @Test func anEngineThatIsAskedToEndAtItsBeginningEnds() async throws {
        try await Road.open { road in
            let address = try await RunningProject.open(road) { $0.address }
            let port = try #require(address.split(separator: ":").last)
            let script = """
                for turn in 1 2 3 4 5 6 7 8 9 10 11 12; do
                    \(Programs.folder)/iii --listen \(address) & engine=$!
                    until (exec 3<>/dev/tcp/127.0.0.1/\(port)) 2>/dev/null; do :; done
                    kill -TERM $engine
                    wait $engine || exit 1
                done
                """
            let result = try await Subprocess.run(
                .path("/usr/bin/timeout"),
                arguments: ["--kill-after=1", "120", "/bin/bash", "-c", script],
                environment: Programs.environment(road.variables),
                workingDirectory: road.project,
                output: .string(limit: 1 << 16),
                error: .string(limit: 1 << 16)
            )
            #expect(result.terminationStatus.code == 0, "\(result.standardError)")
        }
    }

    @Test func whoeverIgnoresTheRequestToEndIsKilledWithItsChildren() async throws {
        try await Road.open { road in
            let script = """
                trap '' TERM
                sh -c "trap '' TERM; echo \\$\\$ > \(road.folder)/child; while :; do sleep 1; done" &
                echo up
                while :; do sleep 1; done
                """
            try await road.publishScript("stubborn", "1.0.0", script)
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                try #require(try await road.iii("worker", "add", "stubborn", "--no-wait").status == 0)
                var child: Int32?
                while child == nil {
                    child = FileManager.default.contents(atPath: road.folder.appending("child").string)
                        .flatMap { Int32(String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .newlines)) }
                    try Task.checkCancellation()
                    await Task.yield()
                }
                let process = try #require(child)
                let stopped = try await road.iii("worker", "stop", "stubborn")
                #expect(stopped.status == 0, "\(stopped.talk)")
                #expect(kill(process, 0) != 0)
                #expect(try await engine.status("stubborn")["status"] == "stopped")
            }
        }
    }
}
