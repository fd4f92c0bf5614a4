// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// What an author does: begin a project, check it, publish it, and change what is published.
@Suite struct AuthorJourney {
    @Test func aKeyIsStoredForItsRegistryAlone() async throws {
        try await Road.open { road in
            let login = try await Subprocess.run(
                .path(Programs.folder.appending("iii")),
                arguments: ["registry", "login"],
                environment: Programs.environment(road.variables),
                workingDirectory: road.folder,
                input: .string(road.key + "\n"),
                output: .string(limit: 1 << 16),
                error: .string(limit: 1 << 16)
            )
            #expect(login.standardOutput == "logged in to \(road.url) as tester\n", "\(login.standardError)")
            let file = road.home.appending("credentials").string
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let who = try await road.iii("registry", "whoami", "--json")
            #expect(try JSONValue(parsing: who.output)["account"] == "tester")
            // Another registry on the same host gets nothing of it.
            let other = try await road.iii("registry", "whoami", variables: ["III_API_URL": "http://localhost:1"])
            #expect(other.status == 1 && other.talk.contains("[W144]"))
            // The variable wins.
            let wrong = try await road.iii("registry", "whoami", variables: ["III_API_KEY": "iii_wrong"])
            #expect(wrong.status == 1 && wrong.talk.contains("[W144]") && !wrong.talk.contains("iii_wrong"))
            #expect(try await road.iii("registry", "logout").output == "logged out of \(road.url)\n")
            #expect(try await road.iii("registry", "whoami").status == 1)
        }
    }

    @Test func theChosenRegistryIsUsedUntilTheVariableSaysOtherwise() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            var variables = road.variables
            variables["III_API_URL"] = nil
            func iii(_ arguments: String...) async throws -> Programs.Result {
                try await Programs.run("iii", arguments, in: road.project, variables: variables)
            }
            #expect(try await iii("registry", "use").output == "https://api.workers.iii.dev\n")
            #expect(try await iii("registry", "use", road.url).output == road.url + "\n")
            #expect(try await iii("worker", "info", "a").status == 0)
            #expect(try await iii("worker", "add", "a").status == 0)
            #expect(try await iii("registry", "use", "--default").output == "https://api.workers.iii.dev\n")
        }
    }

    @Test func whatIsPublishedCanBeFoundAndChanged() async throws {
        try await Road.open { road in
            for version in ["1.0.0", "1.1.0"] {
                try await road.publish("pdf-tools", version, extra: "description: Renders pages\n")
            }
            try await road.publish("other", "1.0.0")
            let found = try await road.iii("worker", "search", "pages", "--json")
            guard case .array(let rows)? = try JSONValue(parsing: found.output)["workers"] else {
                Issue.record("no list of workers in \(found.output)")
                return
            }
            #expect(rows.map { $0["name"] } == ["pdf-tools"])
            let yank = try await road.author("yank", "pdf-tools@1.1.0", "--reason", "loses pages")
            #expect(yank.status == 0, "\(yank.talk)")
            let info = try await road.iii("worker", "info", "pdf-tools", "--json")
            #expect(try JSONValue(parsing: info.output)["version"] == "1.0.0")
            #expect(try await road.author("unyank", "pdf-tools@1.1.0").status == 0)
            let moved = try await road.author("tag", "pdf-tools@1.1.0", "beta", "--expect", "none")
            #expect(moved.status == 0, "\(moved.talk)")
            let conflict = try await road.author("tag", "pdf-tools@1.0.0", "beta", "--expect", "1.0.0")
            #expect(conflict.status == 1 && conflict.talk.contains("[W118]"), "\(conflict.talk)")
            try await road.does("worker", "info", "pdf-tools@beta")
            #expect(try await road.author("tag", "pdf-tools", "--remove", "beta").status == 0)
            let deprecated = try await road.author("deprecate", "pdf-tools", "--message", "old")
            #expect(deprecated.status == 0, "\(deprecated.talk)")
            #expect(try await road.author("deprecate", "pdf-tools", "--undo").status == 0)
            #expect(try await road.author("owner", "list", "pdf-tools").output == "tester\n")
            let last = try await road.author("owner", "remove", "pdf-tools", "tester")
            #expect(last.status == 1 && last.talk.contains("[W148]"), "\(last.talk)")
        }
    }

    @Test func aVersionWithOtherContentIsToldApartFileByFile() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0", files: ["data.txt": "one"])
            let same = try await road.publish("a", "1.0.0", files: ["data.txt": "one"])
            #expect(same.status == 0 && same.output.contains("with these very bytes"), "\(same.talk)")
            let changed = ["data.txt": "two", "more.txt": ""]
            let other = try await road.publish("a", "1.0.0", files: changed, mayFail: true)
            #expect(other.status == 1 && other.talk.contains("[W146]"))
            #expect(!same.talk.contains("uploading") && !other.talk.contains("uploading"), "the version is there")
            #expect(
                other.talk.contains("`data.txt` differs, `more.txt` is not in the published version"),
                "\(other.talk)"
            )
        }
    }

    @Test func theDryRunSaysAllAndSendsNothing() async throws {
        try await Road.open { road in
            let plan = try await road.publish("a", "1.0.0", arguments: ["--dry-run", "--tag", "beta"])
            #expect(plan.status == 0 && plan.output == "would publish a 1.0.0\n")
            for part in ["a 1.0.0  bundle  channel beta", "sha256:", "2 files", "to \(road.url) as tester"] {
                #expect(plan.talk.contains(part), "\(part) in \(plan.talk)")
            }
            #expect(try await road.iii("worker", "info", "a").status == 1)
        }
    }

    /// Whatever `publish` would refuse, the dry run refuses, and ends alike.
    @Test func theDryRunEndsAsPublishingWould() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.1.0", files: ["data.txt": "one"])
            let same = try await road.publish("a", "1.1.0", files: ["data.txt": "one"], arguments: ["--dry-run"])
            #expect(same.status == 0 && same.output.contains("is published already"), "\(same.output)\(same.talk)")
            let other = try await road.publish(
                "a",
                "1.1.0",
                files: ["data.txt": "two"],
                arguments: ["--dry-run"],
                mayFail: true
            )
            #expect(other.status == 1 && other.talk.contains("[W146]"), "\(other.talk)")
            #expect(other.talk.contains("`data.txt` differs"), "\(other.talk)")
            let below = try await road.publish("a", "1.0.0", arguments: ["--dry-run"], mayFail: true)
            #expect(below.status == 1 && below.talk.contains("[W106]"), "\(below.talk)")
            let source = road.folder.appending("keyless")
            let manifest = "name: b\nversion: 1.0.0\nscripts:\n  start: python main.py\n"
            try road.write(["iii.worker.yaml": manifest, "main.py": ""], in: source)
            for key in [nil, "iii_" + String(repeating: "wrong", count: 9)] {
                let arguments = ["worker", "publish", source.string, "--dry-run"]
                var variables = road.variables
                variables["III_API_KEY"] = key
                let refused = try await Programs.run("iii", arguments, in: road.folder, variables: variables)
                #expect(refused.status == 1 && refused.talk.contains("[W144]"), "\(refused.talk)")
            }
        }
    }

    @Test func whatNobodyNeedsIsCleared() async throws {
        try await Road.open { road in
            for name in ["kept", "dropped"] { try await road.publish(name, "1.0.0") }
            try await road.does("worker", "add", "kept", "dropped")
            #expect(try await road.iii("worker", "clear").output.contains("freed 0 B"))
            try await road.does("worker", "remove", "dropped")
            let cleared = try await road.iii("worker", "clear")
            #expect(cleared.output.contains("removed  dropped") && cleared.output.contains("kept     kept"))
            #expect(road.tree(road.store).filter { !$0.contains("/") }.count == 1)
            try await road.does("worker", "verify")
        }
    }

    @Test func progressIsALineOfJSONForEachEventWhereAsked() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            let result = try await road.iii("worker", "add", "a", "--json-progress")
            #expect(result.status == 0)
            let events = try result.talk.split(separator: "\n").map { try JSONValue(parsing: String($0))["event"] }
            #expect(events.contains("fetching") && events.contains("received") && events.contains("installed"))
        }
    }

    @Test func wrongUsageIsJSONWhereThatIsAskedFor() async throws {
        try await withTemporaryDirectory { folder in
            let arguments = ["worker", "add", "--nonsense", "--json"]
            let result = try await Programs.run("iii", arguments, in: folder, variables: ["HOME": folder.string])
            #expect(result.status == 2)
            #expect(try JSONValue(parsing: result.output)["code"] == "W107")
        }
    }

    /// Of a call it is what to call with, and behind `--` a word of another program.
    @Test(arguments: [
        ["trigger", "x::y", "--json", "{}", "--bad"], ["t", "x::y", "--json", "{}", "--bad"],
        ["worker", "exec", "--bad", "x", "--", "ls", "--json"],
    ])
    func wrongUsageIsNoJSONWhereThatIsNotAskedFor(arguments: [String]) async throws {
        try await withTemporaryDirectory { folder in
            let result = try await Programs.run("iii", arguments, in: folder, variables: ["HOME": folder.string])
            #expect(result.status == 2)
            #expect(result.output.isEmpty)
            #expect(result.talk.contains("error: [W107] unknown option '--bad'"), "\(result.talk)")
        }
    }
}
