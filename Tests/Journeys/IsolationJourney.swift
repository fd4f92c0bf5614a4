// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import TestSupport
import Testing

/// The user says in which sandbox workers run, sees it, and is refused what is too weak.
@Suite(.timeLimit(.minutes(20))) struct IsolationJourney {
    private static let waiting = "echo up; exec sleep 600"

    @Test func aNativeWorkerRunsInTheSandboxThatIsAskedFor() async throws {
        try await Road.open { road in
            try await road.publishScript("steady", "1.0.0", Self.waiting)
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                let added = try await road.iii("worker", "add", "steady", "--no-wait", "--isolation", "namespaces")
                try #require(added.status == 0, "\(added.talk)")
                #expect(road.read("config.yaml") == "workers:\n  - name: steady\n    isolation: namespaces\n")
                let status = try await engine.wait(for: "steady") { $0["running"] == true }
                #expect(status["isolation"] == "namespaces")
                #expect(status["limits"]?["processes"] == "enforced")
                let shown = try await road.iii("worker", "status", "steady")
                #expect(shown.output.contains("not stopped:  a flaw of the host's kernel"), "\(shown.output)")
                #expect(shown.output.contains("network:      the engine\n"), "\(shown.output)")
                let listed = try await road.iii("worker", "list")
                #expect(listed.output.contains("ISOLATION") && listed.output.contains("namespaces"))
                #expect(listed.talk.contains("isolation namespaces does not stop: "))
                #expect(road.engineTalk.contains("isolation namespaces does not stop: "))

                // Until the next start by hand.
                let free = try await road.iii("worker", "restart", "steady", "--no-wait", "--isolation", "none")
                #expect(free.status == 0, "\(free.talk)")
                _ = try await engine.wait(for: "steady") { $0["running"] == true && $0["isolation"] == "none" }
                #expect(try await road.iii("worker", "restart", "steady", "--no-wait").status == 0)
                _ = try await engine.wait(for: "steady") { $0["isolation"] == "namespaces" }
            }
        }
    }

    @Test func whatIsTooWeakIsRefusedWithStatus3AndChangesNothing() async throws {
        try await Road.open { road in
            #expect(try await road.publish("careful", "1.0.0").status == 0)
            try await road.publishScript("steady", "1.0.0", Self.waiting)
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            let refused = try await road.iii("worker", "add", "careful", "--isolation", "none")
            #expect(refused.status == 3 && refused.talk.contains("[W187]"), "\(refused.talk)")
            #expect(road.read("config.yaml") == "workers: []\n")
            #expect(road.read("iii.lock") == nil)
            try road.write(["settings.yaml": "min_isolation: namespaces\n"], in: road.home)
            let weak = try await road.iii("worker", "add", "steady", "--isolation", "none")
            #expect(weak.status == 3 && weak.talk.contains("`min_isolation` of this machine"), "\(weak.talk)")
            try await RunningProject.open(road) { engine in
                let remote = try await road.iii("worker", "add", "steady", "--isolation", "none", "--host", engine.url)
                #expect(remote.status == 3 && remote.talk.contains("[W187]"), "\(remote.talk)")
                #expect(try await road.iii("worker", "add", "steady", "--no-wait").status == 0)
                // Without a word it runs in what the machine asks for.
                let status = try await engine.wait(for: "steady") { $0["running"] == true }
                #expect(status["isolation"] == "namespaces")
                let restart = try await road.iii("worker", "restart", "steady", "--isolation", "none")
                #expect(restart.status == 3 && restart.talk.contains("[W187]"), "\(restart.talk)")
                #expect(try await engine.status("steady")["pid"] == status["pid"])
                let machine = try await road.iii("worker", "restart", "steady", "--isolation", "vm")
                #expect(machine.status == 1 && machine.talk.contains("[W188]"), "\(machine.talk)")
            }
        }
    }

    @Test func onlyTheEngineAndWhatIsAllowedIsReached() async throws {
        try await Road.open { road in
            try await road.publishScript("steady", "1.0.0", Self.waiting)
            let registry = try #require(road.url.split(separator: "/").last)
            let entry = "  - name: steady\n    isolation: namespaces\n"
            try road.write(["config.yaml": "workers:\n\(entry)"], in: road.project)
            #expect(try await road.iii("worker", "add", "steady").status == 0)
            let script = """
                import socket, sys
                host, port = sys.argv[1].rsplit(":", 1)
                try: socket.create_connection((host, int(port))); print("reached")
                except ConnectionRefusedError: print("refused")
                """
            try await RunningProject.open(road) { engine in
                let before = try await engine.wait(for: "steady") { $0["running"] == true }
                for (address, answer) in [(String(registry), "refused\n"), ("127.0.0.1:49134", "reached\n")] {
                    let ask = try await road.iii("worker", "exec", "steady", "--", "python3", "-c", script, address)
                    #expect(ask.output == answer, "\(address): \(ask.talk)")
                }
                let allowed = entry + "    network:\n      allow: [\"\(registry)\"]\n"
                try road.write(["config.yaml": "workers:\n\(allowed)"], in: road.project)
                let after = try await engine.wait(for: "steady") {
                    $0["running"] == true && $0["pid"] != before["pid"]
                }
                #expect(after["network"] == [.string(String(registry))])
                let ask = try await road.iii(
                    "worker",
                    "exec",
                    "steady",
                    "--",
                    "python3",
                    "-c",
                    script,
                    String(registry)
                )
                #expect(ask.output == "reached\n", "\(ask.talk)")
                let shown = try await road.iii("worker", "status", "steady")
                #expect(shown.output.contains("network:      the engine, \(registry)\n"), "\(shown.output)")
            }
        }
    }
}
