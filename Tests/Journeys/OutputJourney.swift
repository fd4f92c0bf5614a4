// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Subprocess
import SystemPackage
import TestSupport
import Testing
import Transport
import TransportTestSupport

/// What goes where, and what a machine reads of it.
@Suite struct OutputJourney {
    @Test func resultsGoToStandardOutputAlone() async throws {
        try await Road.open { road in
            try #require(try await road.publish("a", "1.0.0").status == 0)
            try #require(try await road.iii("worker", "add", "a").status == 0)
            for command in [
                ["list"], ["outdated", "--all"], ["verify"], ["verify", "--strict"], ["sync", "--frozen"],
                ["why", "a"],
                ["clear", "--dry-run"],
            ] {
                let result = try await Programs.run(
                    "iii",
                    ["worker"] + command,
                    in: road.project,
                    variables: road.variables
                )
                #expect(result.status == 0 && !result.output.isEmpty && result.talk.isEmpty, "\(command): \(result)")
            }
        }
    }

    @Test func everyVerbAnswersWithOneDocumentWhereThatIsAskedFor() async throws {
        try await Road.open { road in
            try #require(try await road.publish("a", "1.0.0").status == 0)
            for command in [
                "add a --dry-run", "add a", "add a --force", "add nothing", "list", "info a", "info a --versions",
                "search a", "why a", "outdated", "update", "verify", "verify --strict", "sync", "sync --frozen",
                "status a", "logs a", "start a", "stop a", "restart a", "clear", "remove a", "remove a",
                "init w -l python",
                "check w", "check nowhere", "pack w", "publish w --dry-run", "yank a@1.0.0 --reason x", "owner list a",
                "nonsense", "add",
            ] {
                let result = try await Programs.run(
                    "iii",
                    ["worker"] + command.split(separator: " ").map(String.init) + ["--json"],
                    in: road.project,
                    variables: road.variables
                )
                let document = try? JSONValue(parsing: result.output)
                #expect(document != nil, "\(command): \(result.output)\(result.talk)")
                if result.status != 0, command != "check nowhere" {
                    #expect(document?["type"] == "WorkerOpError", "\(command): \(result.output)")
                }
            }
        }
    }

    #if os(Linux)
    @Test func aResultThatCouldNotBeWrittenIsAnError() async throws {
        try await withTemporaryDirectory { folder in
            let program = Programs.folder.appending("iii").string
            func status(_ line: String) async throws -> Programs.Result {
                let result = try await Subprocess.run(
                    .path("/bin/sh"),
                    arguments: ["-c", line, program],
                    environment: Programs.environment(["HOME": folder.string]),
                    workingDirectory: folder,
                    output: .string(limit: 1 << 16),
                    error: .string(limit: 1 << 16)
                )
                return Programs.Result(
                    status: result.terminationStatus.code,
                    output: result.standardOutput,
                    talk: result.standardError
                )
            }
            let full = try await status("exec \"$0\" worker clear --json >/dev/full")
            #expect(full.status == 1 && full.talk.contains("[W123]"), "\(full)")
            // Whoever reads only the beginning is no error.
            let short = try await status("{ \"$0\" worker clear --json; echo $? >&2; } | true")
            #expect(["0\n", "141\n"].contains(short.talk), "\(short)")
        }
    }
    #endif

    @Test func whatBecameOfAWorkerIsTold() async throws {
        try await Road.open { road in
            func status(_ arguments: String...) async throws -> JSONValue? {
                let result = try await Programs.run(
                    "iii",
                    ["worker"] + arguments + ["--json"],
                    in: road.project,
                    variables: road.variables
                )
                try #require(result.status == 0, "\(result.talk)")
                guard case .array(let workers)? = try JSONValue(parsing: result.output)["workers"] else { return nil }
                return workers.first?["status"]
            }
            try #require(try await road.publish("a", "1.0.0").status == 0)
            #expect(try await status("add", "a@^1.0") == "installed")
            #expect(try await status("add", "a@^1.0") == "already_current")
            #expect(try await status("add", "a@^1.0", "--force") == "repaired")
            try #require(try await road.publish("a", "1.1.0").status == 0)
            #expect(try await status("update") == "replaced")
        }
    }

    @Test func aClampedRequestIsAWarningWithItsCode() async throws {
        try await Road.open { road in
            let extra = "resources:\n  cpus: 64\n  memory: 1048576\n"
            try #require(try await road.publish("hungry", "1.0.0", extra: extra).status == 0)
            let people = try await road.iii("worker", "add", "hungry")
            #expect(people.status == 0 && people.talk.contains("warning: [W182] hungry: "), "\(people.talk)")
            let machines = try await road.iii("worker", "add", "hungry", "--force", "--json-progress")
            let warnings = try machines.talk.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
                .filter { $0["code"] == "W182" }
            #expect(warnings.count == 2, "\(machines.talk)")
        }
    }

    @Test func installsAreCountedUnlessTheUserSaysNo() async throws {
        try await Road.open { road in
            let honest = try await LyingRegistry(on: road)
            try await LoopbackServer.with(answer: { request in
                switch request.path {
                case "/resolve": honest.graph(url: "http://\(request.headers["Host"] ?? "")/archive")
                case "/archive": honest.whole
                // Whoever cannot count stops nobody.
                default: .answer(500)
                }
            }) { server in
                for (silence, counted) in [("1", []), ("0", ["/download/a"])] {
                    let variables = ["III_API_URL": server.url, "III_NO_TELEMETRY": silence, "CI": "true"]
                    let before = server.requests.count
                    let added = try await road.iii("worker", "add", "a@1.0.0", variables: variables)
                    try #require(added.status == 0, "\(added.talk)")
                    let asked = server.requests.dropFirst(before).filter {
                        !["/resolve", "/archive"].contains($0.path)
                    }
                    #expect(asked.map(\.path) == counted)
                    #expect(asked.allSatisfy { $0.target.contains("version=1.0.0") && $0.target.contains("ci=true") })
                    let removed = try await road.iii("worker", "remove", "a", variables: variables)
                    try #require(removed.status == 0, "\(removed.talk)")
                }
            }
        }
    }

    @Test func aPartOfTheEngineWithoutAVersionIsVerified() async throws {
        try await Road.open { road in
            try road.write(
                [
                    "config.yaml": "workers:\n  - name: iii-state\n",
                    // As other programs write it for a part of the engine of which the registry says nothing.
                    "iii.lock":
                        "version: 1\nworkers:\n  iii-state:\n    version: latest\n    type: engine\n    dependencies: {}\n",
                ],
                in: road.project
            )
            for command in ["verify", "list", "outdated", "sync"] {
                let result = try await road.iii("worker", command)
                #expect(result.status == 0 || command == "outdated", "\(command): \(result.talk)\(result.output)")
            }
            let strict = try await road.iii("worker", "verify", "--strict")
            #expect(strict.status == 0, "\(strict.talk)\(strict.output)")
        }
    }
}
