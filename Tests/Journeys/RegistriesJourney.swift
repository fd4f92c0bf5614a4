// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import SystemPackage
import TestSupport
import Testing

/// A project whose workers come from two registries: each worker is asked for at its own.
@Suite struct RegistriesJourney {
    /// No variable names a registry.
    private static let unnamed = ["III_API_URL": ""]

    /// Runs `body` with two registries on loopback; the project is that of the first.
    private static func withTwo(
        _ body: @escaping @Sendable (_ first: Road, _ second: Road) async throws -> Void
    ) async throws {
        try await Road.open { first in
            let folder = first.folder.appending("second")
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            try await Road.serving(folder) { second in try await body(first, second) }
        }
    }

    /// A `config.yaml` in which each registry has the names that begin with its letter.
    private static func list(_ first: Road, _ second: Road) -> String {
        """
        registries:
          - url: \(first.url)
            name: first
            patterns: ["a-*"]
          - url: \(second.url)
            name: second
            patterns: ["b-*"]
        workers: []

        """
    }

    @Test func aLockedWorkerStaysWithItsRegistryUnlessTheOtherOneIsNamed() async throws {
        try await Self.withTwo { first, second in
            try await first.publish("x", "1.0.0")
            try await second.publish("x", "99.0.0")
            try await first.does("worker", "add", "x")
            let elsewhere = ["III_API_URL": second.url]
            let kept = try await first.iii("worker", "update", variables: elsewhere)
            #expect(kept.status == 0 && kept.output.isEmpty, "\(kept.output)\(kept.talk)")
            try await first.publish("x", "1.1.0")
            let outdated = try await first.does("worker", "outdated", variables: elsewhere)
            #expect(outdated.output.contains("x     1.0.0    1.1.0   1.1.0"), "\(outdated.output)")
            let updated = try await first.does("worker", "update", variables: elsewhere)
            #expect(updated.output == "updated x 1.0.0 → 1.1.0  bundle\n", "\(updated.output)")
            // Adding it again is about the same worker.
            let again = try await first.does("worker", "add", "x", variables: elsewhere)
            #expect(again.output.hasPrefix("kept x 1.1.0"), "\(again.output)")
            let why = "worker update x --registry"
            let moved = try await first.does("worker", "update", "x", "--registry", second.url)
            #expect(moved.output == "updated x 1.1.0 → 99.0.0  bundle  from \(first.url) → \(second.url)\n", "\(why)")
            #expect(moved.talk.contains("from \(first.url) → \(second.url)"))
            #expect(first.read("iii.lock")?.contains("registry: \(second.url)") == true)
            let home = try await first.does("worker", "update", "--registry", first.url, "--json")
            #expect(home.output.contains(#""from_registry": "\#(second.url)""#), "\(home.output)")
            #expect(first.read("iii.lock")?.contains("registry: \(first.url)") == true)
        }
    }

    @Test func aListThatSendsALockedWorkerElsewhereIsDriftAndNoUpdate() async throws {
        try await Self.withTwo { first, second in
            try await first.publish("x", "1.0.0")
            try await second.publish("x", "99.0.0")
            try await first.does("worker", "add", "x")
            let config =
                "registries:\n- {url: \"\(second.url)\", name: second, patterns: [x]}\n"
                + (first.read("config.yaml") ?? "")
            try first.write(["config.yaml": config], in: first.project)
            let lock = first.read("iii.lock")
            for arguments in [["worker", "update"], ["worker", "update", "x"], ["worker", "add", "x"]] {
                let refused = try await Programs.run("iii", arguments, in: first.project, variables: first.variables)
                #expect(refused.status == 3 && refused.talk.contains("[W153]"), "\(refused.output)\(refused.talk)")
                #expect(refused.talk.contains(first.url) && refused.talk.contains(second.url))
                #expect(refused.talk.contains("`x` in `registries:` of config.yaml"), "\(refused.talk)")
            }
            #expect(first.read("iii.lock") == lock)
            for arguments in [["worker", "sync", "--frozen"], ["worker", "verify"]] {
                let drifted = try await Programs.run("iii", arguments, in: first.project, variables: first.variables)
                #expect(drifted.status == 3 && (drifted.output + drifted.talk).contains(second.url), "\(drifted.talk)")
            }
            // The variable names the first, the list the second: the list holds, and a warning says so.
            let info = try await first.does("worker", "info", "x", "--registry", second.url)
            #expect(info.output.contains("x 99.0.0"))
            let moved = try await first.does("worker", "update", "x", "--registry", second.url)
            #expect(moved.output.contains("1.0.0 → 99.0.0"), "\(moved.output)")
            let synced = try await first.does("worker", "sync", "--frozen")
            #expect(synced.talk.contains("warning: `III_API_URL` names `\(first.url)`"), "\(synced.talk)")
        }
    }

    @Test func eachIsAskedAtItsOwnAndOneThatIsAwayFailsOnlyWhatNeedsIt() async throws {
        try await Road.open { first in
            let folder = first.folder.appending("second")
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            let url = try await Road.serving(folder) { second in
                try await first.publish("a-one", "1.0.0")
                // The first registry knows nothing of what its worker needs from the second, nor the other way round.
                try await first.publish("a-app", "1.0.0", needs: ["b-two": "^1.0"])
                try await second.publish("b-two", "1.0.0", needs: ["a-one": "*"])
                try first.write(["config.yaml": Self.list(first, second)], in: first.project)
                let added = try await first.does("worker", "add", "a-app", variables: Self.unnamed)
                #expect(
                    added.output
                        == "added a-one 1.0.0  bundle  (needed by others)\n"
                        + "added b-two 1.0.0  bundle  from \(second.url)  (needed by others)\n"
                        + "added a-app 1.0.0  bundle\n",
                    "\(added.output)\(added.talk)"
                )
                #expect(
                    added.talk.contains("  + b-two 1.0.0  bundle  from \(second.url)  for a-app\n"),
                    "\(added.talk)"
                )
                let list = try await first.does("worker", "list", variables: Self.unnamed)
                #expect(list.output.contains("REGISTRY") && list.output.contains(second.url), "\(list.output)")
                try await first.publish("a-one", "1.1.0")
                try await second.publish("b-two", "1.2.0", needs: ["a-one": "*"])
                let outdated = try await first.does("worker", "outdated", "--json", variables: Self.unnamed)
                #expect(
                    outdated.output.contains(#""wanted": "1.2.0""#) && outdated.output.contains(#""wanted": "1.1.0""#)
                )
                let found = try await first.does("worker", "search", variables: Self.unnamed)
                #expect(found.output.contains("a-one") && found.output.contains("b-two"), "\(found.output)")
                let info = try await first.does("worker", "info", "b-two", variables: Self.unnamed)
                #expect(info.output.contains("b-two 1.2.0") && info.output.contains(second.url))
                return second.url
            }
            // The second registry is away now.
            let outdated = try await first.iii("worker", "outdated", variables: Self.unnamed)
            #expect(outdated.status == 1 && outdated.talk.contains("[W143]"), "\(outdated.output)\(outdated.talk)")
            #expect(
                outdated.talk.contains("`b-two` cannot be asked for at `\(url)` (chosen by `b-*` in"),
                "\(outdated.talk)"
            )
            #expect(outdated.output.contains("b-two  1.0.0    ?"), "\(outdated.output)")
            try await first.publish("a-new", "1.0.0")
            let added = try await first.iii("worker", "add", "a-new", "a-one", variables: Self.unnamed)
            #expect(
                added.status == 0 && added.output.contains("updated a-one 1.0.0 → 1.1.0"),
                "\(added.output)\(added.talk)"
            )
            try await first.publish("a-new", "1.3.0")
            let updated = try await first.iii("worker", "update", variables: Self.unnamed)
            #expect(updated.status == 1 && updated.talk.contains(url), "\(updated.talk)")
            #expect(updated.output.contains("updated a-new 1.0.0 → 1.3.0"), "\(updated.output)\(updated.talk)")
            let found = try await first.iii("worker", "search", variables: Self.unnamed)
            #expect(found.status == 0 && found.output.contains("a-one"), "\(found.output)\(found.talk)")
            #expect(found.talk.contains("warning: [W143] workers of `\(url)`"), "\(found.talk)")
            for verb in [["sync"], ["verify"], ["why", "b-two"]] {
                let fine = try await Programs.run(
                    "iii",
                    ["worker"] + verb,
                    in: first.project,
                    variables: first.variables.merging(Self.unnamed) { $1 }
                )
                #expect(fine.status == 0, "\(verb): \(fine.talk)")
            }
            let rows = try await first.does("registry", "list", "--json", variables: Self.unnamed)
            let reached = try JSONValue(parsing: rows.output)["registries"]?.text(.sorted) ?? ""
            #expect(reached.contains(#""reached":true"#) && reached.contains(#""reached":false"#), "\(rows.output)")
        }
    }

    @Test func aNameOfOneRegistryIsNeverTakenFromTheOther() async throws {
        try await Self.withTwo { first, second in
            try await first.publish("a-one", "1.0.0")
            try await second.publish("a-one", "1.9.0")
            try await second.publish("b-two", "1.0.0", needs: ["a-one": "^1.0"])
            try await second.publish("a-only-there", "1.0.0")
            try first.write(["config.yaml": Self.list(first, second)], in: first.project)
            let added = try await first.does("worker", "add", "b-two", variables: Self.unnamed)
            #expect(added.output.contains("added a-one 1.0.0"), "\(added.output)")
            #expect(
                added.talk.contains("`\(second.url)`") && added.talk.contains("that answer is refused"),
                "\(added.talk)"
            )
            #expect(added.talk.contains("belongs to `\(first.url)`"))
            let missing = try await first.iii("worker", "add", "a-only-there", variables: Self.unnamed)
            #expect(missing.status == 1 && missing.talk.contains("[W110]"), "\(missing.talk)")
            #expect(
                missing.talk.contains("`\(first.url)` (chosen by `a-*` in `registries:` of config.yaml)"),
                "\(missing.talk)"
            )
            let found = try await first.does("worker", "search", "only-there", variables: Self.unnamed)
            #expect(!found.output.contains("a-only-there"))
            // Whoever means it says so, and a clone of the project then asks there too.
            let named = try await first.does("worker", "add", "second:a-only-there@^1.0", variables: Self.unnamed)
            #expect(
                named.talk.contains("config.yaml: `a-only-there` belongs to \(second.url) from now on"),
                "\(named.talk)"
            )
            try await first.does("worker", "verify", "--strict", variables: Self.unnamed)
            let updated = try await first.does("worker", "update", variables: Self.unnamed)
            #expect(updated.output.isEmpty, "\(updated.output)")
        }
    }

    @Test func addWithARegistryWritesTheNameDownSoThatACloneAsksThere() async throws {
        try await Self.withTwo { first, second in
            try await first.publish("one", "1.0.0")
            try await second.publish("two", "1.0.0")
            try await first.does("worker", "add", "one")
            let planned = try await first.does("worker", "add", "two", "--registry", second.url, "--dry-run")
            #expect(planned.output.contains("would add two"))
            #expect(first.read("config.yaml")?.contains("registries:") == false)
            let added = try await first.does("worker", "add", "two", "--registry", second.url)
            #expect(added.talk.contains("config.yaml: `two` belongs to \(second.url) from now on"), "\(added.talk)")
            let port = second.url.split(separator: ":").last ?? ""
            #expect(
                first.read("config.yaml")?.contains(
                    "registries:\n  - url: \(second.url)\n    name: 127.0.0.1-\(port)\n    patterns:\n      - two\n"
                ) == true,
                "\(first.read("config.yaml") ?? "")"
            )
            try await second.publish("two", "1.4.0")
            let fresh = ["III_HOME": first.folder.appending("another").string, "III_API_URL": ""]
            try await first.does("registry", "trust", first.url, variables: fresh)
            let updated = try await first.does("worker", "update", variables: fresh)
            #expect(updated.output.contains("updated two 1.0.0 → 1.4.0"), "\(updated.output)\(updated.talk)")
            try await first.does("worker", "sync", "--frozen", variables: fresh)
        }
    }
}
