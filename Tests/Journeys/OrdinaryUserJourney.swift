// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// An ordinary user runs a project: the engine listens, workers connect, and sandboxes hold without any rights.
@Suite(.timeLimit(.minutes(20))) struct OrdinaryUserJourney {
    /// A user that nobody else of this machine is.
    private static let user = "64321"

    @Test func runsWorkersInSandboxesAndTalksToThem() async throws {
        try #require(
            geteuid() == 0 || ProcessInfo.processInfo.environment["CI"] == nil,
            "to become another user needs root"
        )
        if geteuid() != 0 { return }
        try await Road.open { road in
            // The build may lie where ordinary users cannot look.
            try Shell.run("mkdir bin; cp '\(Programs.folder)/iii' '\(Programs.folder)/iii-guest' bin", in: road.folder)
            try await road.publishExample("roman-numerals")
            try await road.publishScript("steady", "1.0.0", "echo up; exec sleep 600")
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            #expect(try await road.iii("worker", "add", "steady", "--isolation", "namespaces").status == 0)
            try Shell.run("chown -R \(Self.user):\(Self.user) project home bin; chmod 755 .", in: road.folder)
            try await RunningProject.open(road, as: Self.user) { engine in
                let status = try await engine.wait(for: "steady") { $0["running"] == true || $0["status"] == "waiting" }
                #expect(status["isolation"] == "namespaces", "\(status)")
                let script = """
                    import socket
                    s = socket.create_connection(("127.0.0.1", 49134))
                    s.sendall(b"GET / HTTP/1.1\\r\\nHost: engine\\r\\n\\r\\n")
                    print(s.recv(5).decode())
                    """
                let asked = try await road.iii("worker", "exec", "steady", "--", "python3", "-c", script)
                #expect(asked.output == "HTTP/\n", "\(asked.talk)")
            }
        }
    }

    /// Groups of the test in every hierarchy that limits need, given to the user; "none" where the machine lets nobody.
    private static let delegating = """
        name=iii-test-$$; root=/sys/fs/cgroup
        if test -e $root/cgroup.controllers; then
          echo "+memory +pids +cpu" > $root/cgroup.subtree_control && mkdir $root/$name && places=$root/$name
        else
          for one in memory pids cpu; do mkdir $root/$one/$name && places="$places $root/$one/$name"; done
        fi
        for one in $places; do chown USER $one $one/cgroup.*; done
        echo $places
        """

    @Test func limitsHoldForWhomControlGroupsAreGivenTo() async throws {
        if geteuid() != 0 { return }
        let script = "{ places=; \(Self.delegating.replacing("USER", with: Self.user)); } 2> /dev/null || echo none"
        let places = try Shell.run(script, in: "/").split(separator: "\n").last.map(String.init) ?? "none"
        // A machine where not even root has control groups has nothing to give.
        if places == "none" || places.isEmpty { return }
        defer { _ = try? Shell.run("find \(places) -depth -type d -exec rmdir {} + 2> /dev/null || true", in: "/") }
        try await Road.open { road in
            try Shell.run("mkdir bin; cp '\(Programs.folder)/iii' '\(Programs.folder)/iii-guest' bin", in: road.folder)
            try await road.publishScript("steady", "1.0.0", "echo up; exec sleep 600")
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try #require(try await road.iii("worker", "add", "steady", "--isolation", "namespaces").status == 0)
            let config = try #require(road.read("config.yaml"))
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try Shell.run("chown -R \(Self.user):\(Self.user) project home bin; chmod 755 .", in: road.folder)
            try await RunningProject.open(road, as: Self.user) { engine in
                // As a service manager would have done before.
                try Shell.run(
                    "for one in \(places); do echo \(engine.process.value) > $one/cgroup.procs; done",
                    in: "/"
                )
                try road.write(["config.yaml": config], in: road.project)
                let status = try await engine.wait(for: "steady") { $0["running"] == true || $0["status"] == "waiting" }
                #expect(
                    status["limits"]?["memory"] == "enforced" && status["limits"]?["cpus"] == "enforced",
                    "\(status)"
                )
                let limits =
                    "cat $(find \(places) -name memory.max -o -name memory.limit_in_bytes) | grep -cx \(2048 << 20)"
                #expect(try Shell.run(limits, in: "/") == "1\n")
            }
        }
    }
}
