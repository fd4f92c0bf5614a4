// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// From a published worker to an installed one, and back.
@Suite struct AddJourney {
    @Test func addInstallsWhatIsNeededAndRemoveUndoesIt() async throws {
        try await Road.open { road in
            try await road.publish("splitter", "1.2.0")
            try await road.publish("stats", "0.3.1", needs: ["splitter": "^1.0"], extra: "config:\n  top: 3\n")
            let before = "# mine\nworkers:\n  - name: iii-http # built in\n"
            try road.write(["config.yaml": before], in: road.project)

            let added = try await road.iii("worker", "add", "stats@^0.3")
            #expect(added.status == 0, "\(added.talk)")
            #expect(added.output == "added splitter 1.2.0  bundle  (needed by others)\nadded stats 0.3.1  bundle\n")
            let config = try #require(road.read("config.yaml"))
            #expect(config == before + "  - name: splitter\n  - name: stats\n    config:\n      top: 3\n")
            let lock = try #require(road.read("iii.lock"))
            #expect(lock.contains("selector: ^0.3"))
            #expect(lock.contains("registry: \(road.url)"))

            let listed = try await road.iii("worker", "list", "--json")
            let rows = try JSONValue(parsing: listed.output)["workers"]
            let row = try #require(
                try JSONCursor(rows ?? []).elements().first { try $0.required("name").string() == "stats" }
            )
            #expect(try row.required("installed").bool())
            #expect(try row.required("kind").string() == "bundle")
            #expect(try row.required("selector").string() == "^0.3")
            #expect(try row.required("version").string() == "0.3.1")
            let verified = try await road.iii("worker", "verify", "--strict")
            #expect(verified.status == 0, "\(verified.talk)\(verified.output)")
            let linked = road.home.appending("workers-bundle/stats/main.py").string
            #expect(try String(contentsOfFile: linked, encoding: .utf8) == "print('stats 0.3.1')\n")

            let removed = try await road.iii("worker", "remove", "stats")
            #expect(removed.status == 0, "\(removed.talk)")
            #expect(removed.output == "removed stats\nremoved splitter  (nobody needs it any more)\n")
            #expect(road.read("config.yaml") == before)
            #expect(road.read("iii.lock") == nil)
        }
    }

    @Test func aFolderWithoutAProjectBecomesOne() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            let added = try await road.iii("worker", "add", "a")
            #expect(added.status == 0, "\(added.talk)")
            #expect(added.talk.contains("edited \(road.project)/config.yaml"))
            #expect(road.read("config.yaml")?.contains("- name: a\n") == true)
        }
    }

    @Test func dryRunChangesNothing() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            let planned = try await road.iii("worker", "add", "a", "--dry-run")
            #expect(planned.status == 0)
            #expect(planned.output == "would add a 1.0.0  bundle\n")
            #expect(road.tree(road.project).isEmpty)
            #expect(road.tree(road.home.appending("store")).isEmpty)
        }
    }

    @Test func changedInstalledBytesAreFoundAndForceMendsThem() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            try await road.does("worker", "add", "a")
            let file = road.home.appending("workers-bundle/a/main.py")
            let real = URL(fileURLWithPath: file.string).resolvingSymlinksInPath()
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: real.path)
            try Data("print('evil')\n".utf8).write(to: real)
            let changed = try await road.iii("worker", "verify")
            #expect(changed.status == 3)
            #expect(changed.talk.contains("[W152]"))
            #expect(changed.output.contains("main.py"))
            let forced = try await road.iii("worker", "add", "a", "--force")
            #expect(forced.status == 0, "\(forced.talk)")
            try await road.does("worker", "verify")
        }
    }

    @Test func twoAddsAtOnceLoseNothing() async throws {
        try await Road.open { road in
            for name in ["a", "b", "c", "d"] { try await road.publish(name, "1.0.0") }
            try await withThrowingTaskGroup(of: Programs.Result.self) { group in
                for name in ["a", "b", "c", "d"] { group.addTask { try await road.iii("worker", "add", name) } }
                for try await result in group { #expect(result.status == 0, "\(result.talk)") }
            }
            let verified = try await road.iii("worker", "verify")
            #expect(verified.output.hasPrefix("4 workers"))
        }
    }

    @Test func aNativeWorkerIsInstalledForItsPlatform() async throws {
        try await Road.open { road in
            let source = road.folder.appending("native")
            try road.write(["iii.worker.yaml": "name: native\nversion: 1.0.0\ndeploy: binary\n"], in: source)
            try road.write("native", TestProgram.running("echo ran"), in: source)
            try road.write("far", TestProgram.for("riscv64gc-unknown-linux-gnu"), in: source)
            let variables = ["III_API_KEY": road.key]
            let foreign = try await road.iii(
                "worker",
                "publish",
                source.string,
                "--artifact",
                "riscv64gc-unknown-linux-gnu=\(source)/far",
                "--version",
                "0.9.0",
                variables: variables
            )
            #expect(foreign.status == 0, "\(foreign.talk)")
            let refused = try await road.iii("worker", "add", "native")
            #expect(refused.status == 1)
            #expect(refused.talk.contains("[W117]"))
            #expect(refused.talk.contains("riscv64gc-unknown-linux-gnu"))
            let published = try await road.iii(
                "worker",
                "publish",
                source.string,
                "--artifact",
                "\(source)/native",
                variables: variables
            )
            #expect(published.status == 0, "\(published.talk)")
            let added = try await road.iii("worker", "add", "native")
            #expect(added.status == 0, "\(added.talk)")
            let ran = try await Subprocess.run(
                .path(road.home.appending("workers/native")),
                output: .string(limit: 100)
            )
            #expect(ran.standardOutput == "ran\n")
        }
    }
}
