// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// What another user of the machine reaches of an engine.
@Suite(.timeLimit(.minutes(20))) struct StrangerJourney {
    private static let calls: JSONValue = [
        ["worker::add", ["source": "mute", "wait": false]], ["worker::stop", ["name": "mute"]],
        ["worker::logs", ["name": "mute"]],
        ["worker::status", ["name": "mute"]], ["configuration::set", ["id": "mute", "value": 1]],
        ["configuration::get", ["id": "mute"]], ["worker::list", [:]],
    ]

    /// Calls the engine from a process of a user: results, or the codes of errors.
    private func calls(as user: String, at url: String) async throws -> [JSONValue] {
        let result = try await Subprocess.run(
            .path("/usr/bin/setpriv"),
            arguments: [
                "--reuid", user, "--regid", user, "--clear-groups", "/usr/bin/python3", "-c", BusWallJourney.client,
                url,
                Self.calls.text(),
            ],
            environment: .custom(["PATH": "/usr/bin:/bin"]),
            workingDirectory: "/",
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        try #require(result.terminationStatus.isSuccess, "\(result.standardOutput)\(result.standardError)")
        return try result.standardOutput.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    /// Root alone may be somebody else.
    @Test(.enabled(if: geteuid() == 0)) func theProjectIsItsUsersAlone() async throws {
        try await Road.open { road in
            try await road.publishScript("mute", "1.0.0", "exec sleep 1000")
            try await road.does("worker", "add", "mute")
            try await RunningProject.open(road) { engine in
                _ = try await engine.wait(for: "mute") { $0["running"] == true }
                let stranger = try await calls(as: OrdinaryUser.id, at: engine.url)
                #expect(stranger.dropLast() == Array(repeating: "FORBIDDEN", count: 6)[...], "\(stranger)")
                #expect(stranger.last?["workers"] == [], "\(stranger)")
                #expect(try await engine.status("mute")["running"] == true)
                // The user's own programs may do all of it.
                let own = try await calls(as: "0", at: engine.url)
                #expect(own.last?["workers"] != [], "\(own)")
                #expect(!own.prefix(4).contains("FORBIDDEN"), "\(own)")
            }
        }
    }

    /// Neither by the engine's own socket, through which commands reach into sandboxes.
    @Test(.enabled(if: geteuid() == 0)) func theEnginesSocketIsForItsUser() async throws {
        try await Road.open { road in
            try await road.publishScript("mute", "1.0.0", "exec sleep 1000")
            try await road.does("worker", "add", "mute")
            // As if nothing else kept others out of the home.
            try Shell.run("chmod -R a+rX .", in: road.folder)
            try await RunningProject.open(road) { engine in
                _ = try await engine.wait(for: "mute") { $0["running"] == true }
                let sockets = try Shell.run("find . /run/iii* /tmp/iii* -type s 2>/dev/null || true", in: road.folder)
                for path in sockets.split(separator: "\n") where !path.isEmpty {
                    let place = path.hasPrefix("/") ? String(path) : road.folder.appending(String(path)).string
                    let talk =
                        "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(20); "
                        + "s.sendall(b'{}\\n'); sys.exit(0 if s.recv(1) else 3)"
                    let result = try await Subprocess.run(
                        .path("/usr/bin/setpriv"),
                        arguments: [
                            "--reuid", OrdinaryUser.id, "--regid", OrdinaryUser.id, "--clear-groups",
                            "/usr/bin/python3", "-c",
                            talk, place,
                        ],
                        environment: .custom(["PATH": "/usr/bin:/bin"]),
                        workingDirectory: "/",
                        output: .discarded,
                        error: .string(limit: 1 << 16)
                    )
                    #expect(!result.terminationStatus.isSuccess, "\(place)")
                }
            }
        }
    }
}
