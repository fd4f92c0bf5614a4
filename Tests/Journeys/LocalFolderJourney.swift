// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import SystemPackage
import TestSupport
import Testing

/// A folder of the user's own as a worker: prepared once, watched, and told apart by how it ended.
@Suite(.timeLimit(.minutes(10))) struct LocalFolderJourney {
    private static let manifest = """
        name: tool
        version: 1.0.0
        scripts:
          setup: echo setup >> ~/log
          install: cp requirements.txt installed; echo install >> ~/log
          start: sh run.sh
        resources:
          memory: 128
        """

    private static let files = [
        "iii.worker.yaml": manifest, "requirements.txt": "one\n", ".gitignore": "made/\n*.tmp\n",
        "run.sh": "cat installed; exec sleep 600\n", "made/large": "not source\n", "x.tmp": "not source\n",
    ]

    /// The worker runs in another process than before.
    private func another(_ engine: RunningProject, than before: JSONValue) async throws -> JSONValue {
        try await engine.wait(for: "tool") { $0["running"] == true && $0["pid"] != before["pid"] }
    }

    private func asked(_ road: Road, _ script: String) async throws -> String {
        let result = try await road.iii("worker", "exec", "tool", "--", "sh", "-c", script)
        return result.output + result.talk
    }

    @Test func isPreparedOnceAndStartedAgainWhenItsSourceChanges() async throws {
        try await Road.open { road in
            let folder = road.folder.appending("tool")
            try road.write(Self.files, in: folder)
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                let added = try await road.iii("worker", "add", folder.string, "--no-wait")
                try #require(added.status == 0, "\(added.talk)")
                let first = try await engine.wait(for: "tool") { $0["running"] == true }
                #expect(first["isolation"] == "namespaces")
                #expect(try await asked(road, "cat ~/log installed") == "setup\ninstall\none\n")
                #expect(
                    try await asked(road, "ls -A")
                        == ".gitignore\niii.worker.yaml\ninstalled\nrequirements.txt\nrun.sh\n"
                )

                try road.write(["run.sh": "echo second; exec sleep 601\n", "made/more": "ignored"], in: folder)
                let second = try await another(engine, than: first)
                #expect(
                    try await asked(road, "cat ~/log; tail -n 1 run.sh; test -e made || echo unseen").hasSuffix(
                        "install\necho second; exec sleep 601\nunseen\n"
                    )
                )
                #expect(try await asked(road, "cat ~/log") == "setup\ninstall\n")

                try road.write(["requirements.txt": "two\n"], in: folder)
                let third = try await another(engine, than: second)
                #expect(try await asked(road, "cat ~/log installed") == "setup\ninstall\nsetup\ninstall\ntwo\n")

                let restarted = try await road.iii("worker", "restart", "tool", "--no-wait")
                #expect(restarted.status == 0, "\(restarted.talk)")
                _ = try await another(engine, than: third)
                let logs = try await road.iii("worker", "logs", "tool")
                #expect(logs.output.contains("one\n") && logs.output.contains("second\n"), "\(logs.output)")
            }
        }
    }

    @Test func saysHowItEndedAndGoesOnWhenItIsMended() async throws {
        try await Road.open { road in
            let folder = road.folder.appending("tool")
            try road.write(Self.files.merging(["run.sh": "exit 3\n"]) { $1 }, in: folder)
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                let added = try await road.iii("worker", "add", folder.string, "--no-wait")
                try #require(added.status == 0, "\(added.talk)")
                _ = try await engine.wait(for: "tool") { $0["last_end"] == "ended with status 3" }

                try road.write(["run.sh": "echo up; exec sleep 600\n"], in: folder)
                let status = try await engine.wait(for: "tool") { $0["running"] == true }

                try road.write(["run.sh": "python3 -c \"x = b'1' * (1 << 30)\"\n"], in: folder)
                let end: JSONValue =
                    status["limits"]?["memory"] == "enforced"
                    ? "was killed: it used more memory than its limit of 128 MiB" : "ended with status 1"
                _ = try await engine.wait(for: "tool") { $0["last_end"] == end }

                // A manifest that cannot run waits for its user, not for a command.
                try road.write(["iii.worker.yaml": "name: tool\nversion: 1.0.0\n"], in: folder)
                _ = try await engine.wait(for: "tool") { $0["status"] == "waiting" || $0["reason"] != .null }
                try road.write(
                    ["iii.worker.yaml": Self.manifest, "run.sh": "echo mended; exec sleep 600\n"],
                    in: folder
                )
                _ = try await engine.wait(for: "tool") { $0["running"] == true }
                let logs = try await road.iii("worker", "logs", "tool")
                #expect(logs.output.contains("mended\n"), "\(logs.output)")
            }
        }
    }
}
