// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import SystemPackage
import TestSupport
import Testing

/// `update`, `outdated`, `sync`, `verify --strict` and `why`: a project and its lock file over time.
@Suite struct LockJourney {
    @Test func updateStaysWithinWhatWasAskedForUnlessTold() async throws {
        try await Road.open { road in
            try await road.publish("base", "1.0.0")
            try await road.publish("app", "1.0.0", needs: ["base": "^1.0"])
            try await road.does("worker", "add", "app@^1.0", "base@~1.0.0")
            #expect(road.read("iii.lock")?.contains("version: 1.0.0\n    type: bundle\n    selector: ~1.0.0") == true)
            for version in ["1.0.7", "1.1.0", "2.0.0"] { try await road.publish("base", version) }
            try await road.publish("app", "1.2.0", needs: ["base": "^1.0"])

            let outdated = try await road.iii("worker", "outdated")
            #expect(outdated.status == 0, "\(outdated.talk)")
            #expect(outdated.output.contains("app   1.0.0    1.2.0   1.2.0   ^1.0"))
            let planned = try await road.iii("worker", "update", "--dry-run")
            #expect(
                planned.output
                    == "would update base 1.0.0 → 1.0.7  bundle\n"
                    + "would update app 1.0.0 → 1.2.0  bundle\n",
                "\(planned.output)\(planned.talk)"
            )
            let config = road.read("config.yaml")
            let one = try await road.iii("worker", "update", "app", "--json")
            #expect(one.status == 0, "\(one.talk)")
            let rows = try JSONValue(parsing: one.output)["workers"]
            #expect(rows?.text(.sorted).contains(#""from":"1.0.0""#) == true)
            #expect(road.read("iii.lock")?.contains("version: 1.0.7") == false)
            let all = try await road.iii("worker", "update")
            #expect(all.output.contains("updated base 1.0.0 → 1.0.7"), "\(all.output)\(all.talk)")
            // The list of workers has not changed, so its file has not either.
            #expect(road.read("config.yaml") == config)
            try await road.does("worker", "verify", "--strict")
            let again = try await road.iii("worker", "update")
            #expect(again.output.isEmpty && again.status == 0)
        }
    }

    @Test func latestGoesBeyondAndIsRemembered() async throws {
        try await Road.open { road in
            try await road.publish("base", "1.0.0")
            try await road.does("worker", "add", "base@^1.0")
            try await road.publish("base", "2.3.0")
            #expect(try await road.iii("worker", "update").output.isEmpty)
            let outdated = try await road.iii("worker", "outdated", "--json")
            #expect(outdated.output.contains(#""latest": "2.3.0""#) && outdated.output.contains(#""wanted": "1.0.0""#))
            let moved = try await road.iii("worker", "update", "base", "--latest")
            #expect(moved.output == "updated base 1.0.0 → 2.3.0  bundle\n", "\(moved.talk)")
            #expect(road.read("iii.lock")?.contains("selector: ^2.3.0") == true)
            let missing = try await road.iii("worker", "update", "ghost")
            #expect(missing.status == 1 && missing.talk.contains("[W112]"))
        }
    }

    @Test func syncBringsAnotherMachineToWhatIsLocked() async throws {
        try await Road.open { road in
            try await road.publish("base", "1.0.0")
            try await road.publish("app", "1.0.0", needs: ["base": "*"])
            try await road.does("worker", "add", "app")
            let files = (road.read("config.yaml"), road.read("iii.lock"))
            let fresh = ["III_HOME": road.folder.appending("another").string]
            let frozen = try await road.iii("worker", "sync", "--frozen", variables: fresh)
            #expect(frozen.status == 3)
            #expect(frozen.talk.contains("  - app 1.0.0 (in lock, not installed)\n"), "\(frozen.talk)")
            #expect(frozen.talk.contains("fix: `iii worker sync` installs it\n"))
            #expect(!FileManager.default.fileExists(atPath: road.folder.appending("another/store").string))
            let synced = try await road.iii("worker", "sync", variables: fresh)
            #expect(synced.status == 0, "\(synced.talk)")
            #expect(synced.output.hasSuffix("installed: 2, already current: 0, repaired: 0, skipped: 0, failed: 0\n"))
            try await road.does("worker", "sync", "--frozen", variables: fresh)
            try await road.does("worker", "verify", variables: fresh)

            // A file that is gone is found without hashing, and brought back.
            let file = road.folder.appending("another/workers-bundle/app/main.py").string
            try FileManager.default.removeItem(
                at: URL(fileURLWithPath: file).resolvingSymlinksInPath()
            )
            let repaired = try await road.iii("worker", "sync", variables: fresh)
            #expect(repaired.output.contains("repaired app 1.0.0\n"), "\(repaired.output)\(repaired.talk)")
            // Nothing is fetched where everything is there: not even a registry is needed.
            let offline = fresh.merging(["III_API_URL": "http://127.0.0.1:1"]) { $1 }
            let again = try await road.iii("worker", "sync", variables: offline)
            #expect(again.status == 0 && again.output.contains("already current: 2"), "\(again.talk)")
            #expect((road.read("config.yaml"), road.read("iii.lock")) == files)
        }
    }

    @Test func oneFailureOfSyncDoesNotHideTheRest() async throws {
        try await Road.open { road in
            for name in ["a", "b", "c"] { try await road.publish(name, "1.0.0") }
            try await road.does("worker", "add", "a", "b", "c")
            let lock = try #require(road.read("iii.lock"))
            let digests = lock.components(separatedBy: "blobs/sha256/").dropFirst().map { String($0.prefix(64)) }
            for digest in digests.prefix(2) {
                for path in road.tree(road.data) where path.hasSuffix(digest) {
                    try FileManager.default.removeItem(atPath: road.data.appending(path).string)
                }
            }
            let fresh = ["III_HOME": road.folder.appending("another").string]
            let synced = try await road.iii("worker", "sync", variables: fresh)
            #expect(synced.status == 1)
            #expect(synced.output.contains("installed c 1.0.0\n"))
            #expect(synced.output.contains("installed: 1, already current: 0, repaired: 0, skipped: 0, failed: 2"))
            #expect(synced.talk.contains("`a`") && synced.talk.contains("`b`"), "\(synced.talk)")
        }
    }

    @Test func driftOfManifestsIsReportedAndUpdatePutsItRight() async throws {
        try await Road.open { road in
            for version in ["1.0.0", "2.0.0"] { try await road.publish("stats", version) }
            try await road.publish("extra", "1.0.0")
            let manifest = "name: tool\nscripts:\n  start: python -m tool\ndependencies:\n  stats: \"^1.0\"\n"
            try road.write(["tool/iii.worker.yaml": manifest], in: road.project)
            let added = try await road.iii("worker", "add", "./tool")
            #expect(added.status == 0, "\(added.talk)")
            #expect(added.output == "added stats 1.0.0  bundle  (needed by others)\nadded tool  local\n")
            #expect(road.read("config.yaml")?.contains("worker_path: ./tool\n") == true)
            #expect(road.read("iii.lock")?.contains("declared_dependencies:\n  stats: ^1.0\n") == true)
            try await road.does("worker", "sync", "--frozen")

            try road.write(
                ["tool/iii.worker.yaml": manifest.replacing("^1.0", with: "^2.0") + "  extra: \"*\"\n"],
                in: road.project
            )
            let drifted = try await road.iii("worker", "sync", "--frozen")
            #expect(drifted.status == 3)
            #expect(drifted.talk.contains("  + extra \"*\" (not in lock)\n  ~ stats \"^1.0\" → \"^2.0\"\n"))
            #expect(drifted.talk.contains("fix: `iii worker update`"))
            let json = try await road.iii("worker", "sync", "--frozen", "--json")
            #expect(try JSONValue(parsing: json.output)["code"] == "W150")
            let strict = try await road.iii("worker", "verify", "--strict")
            #expect(strict.status == 3 && strict.output.contains("needs `stats@^2.0`"), "\(strict.output)")
            let updated = try await road.iii("worker", "update")
            #expect(updated.output.contains("updated stats 1.0.0 → 2.0.0"), "\(updated.output)\(updated.talk)")
            #expect(updated.output.contains("added extra 1.0.0"))
            try await road.does("worker", "sync", "--frozen")
            try await road.does("worker", "verify", "--strict")
        }
    }

    @Test func whyTellsThroughWhom() async throws {
        try await Road.open { road in
            try await road.publish("base", "1.0.0")
            try await road.publish("mid", "1.1.0", needs: ["base": "^1.0"])
            try await road.publish("app", "2.0.0", needs: ["mid": "*"])
            try await road.does("worker", "add", "app@^2.0")
            let offline = ["III_API_URL": "http://127.0.0.1:1"]
            let why = try await road.iii("worker", "why", "base", variables: offline)
            #expect(why.output == "base 1.0.0 is needed by others\n  app 2.0.0 -> mid@* -> base@^1.0\n")
            let root = try await road.iii("worker", "why", "app", variables: offline)
            #expect(root.output == "app 2.0.0 was asked for by name, as `^2.0`\n")
            let nobody = try await road.iii("worker", "why", "ghost", variables: offline)
            #expect(nobody.status == 1 && nobody.talk.contains("[W112]"))
        }
    }

    @Test func aLockFileOfTheFutureKeepsWhatWeDoNotKnow() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            try await road.publish("b", "1.0.0")
            try await road.does("worker", "add", "a")
            let lock = try #require(road.read("iii.lock"))
            let extended =
                lock.replacing("  a:\n", with: "  a:\n    reviewed_by: somebody\n") + "signatures:\n  - one\n"
            try road.write(["iii.lock": extended], in: road.project)
            try await road.does("worker", "add", "b")
            let kept = try #require(road.read("iii.lock"))
            #expect(kept.contains("reviewed_by: somebody") && kept.contains("signatures:\n  - one\n"), "\(kept)")
            try await road.does("worker", "add", "a")
            #expect(road.read("iii.lock")?.contains("reviewed_by: somebody") == true)
        }
    }
}
