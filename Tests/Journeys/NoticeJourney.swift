// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Testing

/// What a registry says of a version reaches the person who uses it, from every verb, once.
@Suite struct NoticeJourney {
    /// A project with a version that was yanked and one of a deprecated worker, which the registry said nothing of when
    /// they were added.
    private func trouble(_ road: Road) async throws {
        for version in ["1.0.0", "1.1.0"] { try await road.publish("stats", version) }
        try await road.publish("reader", "1.0.0", extra: "description: Reads words\n")
        try await road.does("worker", "add", "stats@1.0.0", "reader")
        let yank = try await road.author("yank", "stats@1.0.0", "--reason", "counts twice")
        try #require(yank.status == 0, "\(yank.talk)")
        let deprecate = try await road.author(
            "deprecate",
            "reader",
            "--message",
            "not kept up",
            "--replacement",
            "stats"
        )
        try #require(deprecate.status == 0, "\(deprecate.talk)")
    }

    private static let yanked = "yanked: counts twice"
    private static let deprecated = "deprecated: not kept up; use `stats` instead"

    @Test func everyVerbThatShowsAVersionTellsOfIt() async throws {
        try await Road.open { road in
            try await trouble(road)
            for verb in [
                ["outdated"], ["update", "--dry-run"], ["update"], ["list"], ["sync"],
                ["add", "stats@1.0.0", "reader", "--dry-run"], ["add", "stats@1.0.0", "reader", "--force"],
            ] {
                let result = try await road.run(["worker"] + verb)
                let text = result.output + result.talk
                #expect(result.status == 0, "\(verb): \(text)")
                for note in [Self.yanked, Self.deprecated] {
                    #expect(text.components(separatedBy: note).count == 2, "\(verb), \(note): \(text)")
                }
            }
            for verb in [["info", "stats@1.0.0"], ["info", "stats", "--versions"], ["why", "stats"]] {
                let result = try await road.run(["worker"] + verb)
                #expect(result.output.contains(Self.yanked), "\(verb): \(result.output)")
            }
            for verb in [["info", "reader"], ["search", "reader"], ["why", "reader"]] {
                let result = try await road.run(["worker"] + verb)
                #expect(result.output.contains(Self.deprecated), "\(verb): \(result.output)")
            }
        }
    }

    @Test func machinesAreToldToo() async throws {
        try await Road.open { road in
            try await trouble(road)
            for verb in [["outdated"], ["update"], ["list"], ["add", "stats@1.0.0", "reader"]] {
                let document = try JSONValue(parsing: try await road.run(["worker"] + verb + ["--json"]).output)
                guard case .array(let rows)? = document["workers"] else {
                    Issue.record("\(verb): \(document)")
                    continue
                }
                let notes = rows.compactMap { $0["notes"] }
                #expect(notes.contains([["code": "yanked", "message": "counts twice"]]), "\(verb): \(document)")
                #expect(
                    notes.contains([["code": "deprecated", "message": "not kept up", "replacement": "stats"]]),
                    "\(verb): \(document)"
                )
            }
        }
    }

    @Test func whatIsTakenBackIsNoLongerTold() async throws {
        try await Road.open { road in
            try await trouble(road)
            try await road.does("worker", "update")
            #expect(road.read("iii.lock")?.contains("counts twice") == true)
            try #require(try await road.author("unyank", "stats@1.0.0").status == 0)
            try #require(try await road.author("deprecate", "reader", "--undo").status == 0)
            let update = try await road.does("worker", "update")
            #expect(!update.talk.contains("warning:") && !update.talk.contains("config.yaml"), "\(update.talk)")
            #expect(road.read("iii.lock")?.contains("notes") == false)
            let list = try await road.does("worker", "list")
            #expect(!list.output.contains("NOTES"), "\(list.output)")
        }
    }

    @Test func onlyTheFileThatWasEditedIsNamed() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            try await road.publish("a", "1.1.0")
            let first = try await road.does("worker", "add", "a@^1.0.0")
            #expect(first.talk.contains("edited \(road.project)/config.yaml"), "\(first.talk)")
            let again = try await road.does("worker", "add", "a@1.0.0")
            #expect(!again.talk.contains("edited \(road.project)/config.yaml"), "\(again.talk)")
            #expect(again.talk.contains("edited \(road.project)/iii.lock"), "\(again.talk)")
        }
    }

    @Test func aSearchTellsHowManyMoreThereAreAndWhatMayHaveBeenMeant() async throws {
        try await Road.open { road in
            for name in ["pdf-one", "pdf-two", "pdf-three"] { try await road.publish(name, "1.0.0") }
            let some = try await road.does("worker", "search", "pdf", "--limit", "1")
            #expect(some.talk.contains("… and 2 more"), "\(some.talk)")
            let all = try await road.does("worker", "search", "pdf")
            #expect(all.talk.isEmpty, "\(all.talk)")
            let none = try await road.does("worker", "search", "pdf-twoxq")
            #expect(none.talk.contains("did you mean `pdf-two`"), "\(none.talk)")
        }
    }
}
