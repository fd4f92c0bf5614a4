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
}
