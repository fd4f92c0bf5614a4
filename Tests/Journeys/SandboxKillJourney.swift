// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// An engine that is killed leaves nothing of its sandboxes: no process, no mount, and no control group after the next start.
@Suite(.timeLimit(.minutes(20))) struct SandboxKillJourney {
    /// The control groups of an engine that are still there.
    private func groups(of engine: ProcessIdentifier) throws -> String {
        try Shell.run(
            "ls -d /sys/fs/cgroup/iii/\(engine.value)-* /sys/fs/cgroup/*/iii/\(engine.value)-* 2>&1 | grep -v cannot || true",
            in: "/"
        )
    }

    @Test func nothingIsLeftOfASandboxWhoseEngineIsKilled() async throws {
        try await Road.open { road in
            // A time that nobody else sleeps.
            let time = UInt32.random(in: 100_000_000...999_999_999)
            try await road.publishScript("steady", "1.0.0", "setsid sleep \(time) & exec sleep \(time)")
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            let added = try await road.iii("worker", "add", "steady", "--isolation", "namespaces")
            #expect(added.status == 0, "\(added.talk)")
            let mounts = "grep -c \(road.folder) /proc/mounts || true"
            let before = try Shell.run(mounts, in: "/")
            let sleepers = "ps -eo args | grep -c '^sleep \(time)$' || true"
            let killed = try await RunningProject.open(road) { engine in
                _ = try await engine.wait(for: "steady") { $0["running"] == true }
                while try Shell.run(sleepers, in: "/") != "2\n" { try Task.checkCancellation() }
                kill(engine.process.value, SIGKILL)
                while try Shell.run(sleepers, in: "/") != "0\n" { try Task.checkCancellation() }
                #expect(try Shell.run(mounts, in: "/") == before)
                return engine.process
            }
            // The next engine sweeps what only it can.
            try await RunningProject.open(road) { engine in
                _ = try await engine.wait(for: "steady") { $0["running"] == true }
                #expect(try groups(of: killed).isEmpty)
            }
            while try Shell.run(sleepers, in: "/") != "0\n" { try Task.checkCancellation() }
        }
    }

    /// Machines are tried where their parts are, and wherever they must be.
    @Test(.enabled(if: Programs.haveMachines)) func nothingIsLeftOfAMachineWhoseEngineIsKilled() async throws {
        try await Road.open { road in
            let image = try StoredImage(#"{"Cmd":["/bin/sleep","100000"]}"#, in: road.home)
            let kernel = Programs.repository.appending(".build/machine-kernel")
            try Shell.run("ln -s \(kernel) machine-kernel", in: road.home)
            let entry = "  - name: worker\n    image: \(image.reference)\n    isolation: emulated-vm\n"
            try road.write(["config.yaml": "workers:\n\(entry)"], in: road.project)
            for _ in 0..<2 {
                try await RunningProject.open(road) { engine in
                    let status = try await engine.wait(for: "worker") { status in
                        status["running"] == true || status["status"] == "failed" || status["status"] == "waiting"
                    }
                    try #require(status["running"] == true, "\(status) \(road.engineTalk)")
                    #expect(status["isolation"] == "emulated-vm")
                    // All that hangs on the engine: the launcher's program, the jail, QEMU.
                    let tree = "f() { for p in $(cat /proc/$1/task/*/children); do echo $p; f $p; done; }; f"
                    let processes = try Shell.run("\(tree) \(engine.process.value)", in: "/").split(separator: "\n")
                    #expect(processes.count >= 3, "\(processes)")
                    kill(engine.process.value, SIGKILL)
                    for process in processes {
                        while FileManager.default.fileExists(atPath: "/proc/\(process)/exe") {
                            try Task.checkCancellation()
                        }
                    }
                }
            }
            #expect(
                try Shell.run("ls -A cache/machine/templates/staging cache/machine | grep tmp || true", in: road.home)
                    == ""
            )
        }
    }
}
