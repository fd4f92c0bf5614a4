// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import TestSupport
import Testing

/// Two people have changed a project, and a merge has left both versions of `iii.lock` in it.
@Suite struct MergeJourney {
    @Test func aConflictIsNamedAndResolvedAnew() async throws {
        try await Road.open { road in
            for version in ["1.0.0", "1.1.0"] { try await road.publish("stats", version) }
            for name in ["ours", "theirs"] { try await road.publish(name, "1.0.0") }
            try Shell.run(
                "git init -q -b main; git config user.email a@b.example; git config user.name A",
                in: road.project
            )
            try await road.does("worker", "add", "stats@1.0.0")
            try Shell.run("git add -A; git commit -qm base; git checkout -qb other", in: road.project)
            try await road.does("worker", "add", "stats@^1.0", "theirs")
            try Shell.run("git add -A; git commit -qm theirs; git checkout -q main", in: road.project)
            try await road.does("worker", "add", "stats@~1.0", "ours")
            try Shell.run("git add -A; git commit -qm ours; git merge -q other || true", in: road.project)
            try #require(road.read("iii.lock")?.contains("<<<<<<<") == true)
            // The list is for people to merge: here both are kept.
            let config = try #require(road.read("config.yaml")).split(separator: "\n")
                .filter { !$0.hasPrefix("<<<") && !$0.hasPrefix("===") && !$0.hasPrefix(">>>") }
            try road.write(["config.yaml": config.joined(separator: "\n") + "\n"], in: road.project)

            for verb in ["list", "update", "sync", "verify"] {
                let refused = try await road.iii("worker", verb)
                #expect(refused.status != 0 && refused.talk.contains("[W151]"), "\(verb): \(refused.talk)")
                #expect(refused.talk.contains("merge conflict"), "\(verb): \(refused.talk)")
                #expect(refused.talk.contains("`iii worker sync --resolve`"), "\(verb): \(refused.talk)")
            }
            try await road.does("worker", "sync", "--resolve")
            let list = try await road.does("worker", "list").output
            for name in ["stats", "ours", "theirs"] { #expect(list.contains(name), "\(list)") }
            try await road.does("worker", "verify", "--strict")
            let again = try await road.does("worker", "sync", "--resolve")
            #expect(again.talk.contains("no merge conflict"), "\(again.talk)")
        }
    }

    @Test func theRecordsOfARegistryHaveVerbs() async throws {
        try await Road.open { road in
            try await road.publish("base", "1.0.0")
            try await road.publish("app", "1.0.0", needs: ["base": "^1.0"])
            let dependents = try await road.does("worker", "dependents", "base")
            #expect(dependents.output.contains("app") && dependents.output.contains("^1.0"), "\(dependents.output)")
            #expect(try await road.does("worker", "events", "base").output.contains("1.0.0"))
            #expect(try await road.does("worker", "downloads", "base").output.contains("in all"))
            let refused = try await road.author("delete", "app@1.0.0")
            #expect(refused.status == 1 && refused.talk.contains("[W104]"), "\(refused.talk)")
            let needed = try await road.author("delete", "base@1.0.0", "--yes")
            #expect(needed.status == 1 && needed.talk.contains("[W119]"), "\(needed.talk)")
            #expect(try await road.author("delete", "app@1.0.0", "--yes").status == 0)

            let key = ["III_API_KEY": road.key]
            let made = try await road.does("registry", "key", "create", "--label", "job", "--json", variables: key)
            let answer = try JSONValue(parsing: made.output)
            guard case .string(let id)? = answer["id"] else {
                Issue.record("no id in \(made.output)")
                return
            }
            #expect(try await road.does("registry", "key", "list", variables: key).output.contains("job"))
            try await road.does("registry", "key", "revoke", id, variables: key)
            #expect(!(try await road.does("registry", "key", "list", variables: key).output.contains(id)))
        }
    }
}
