// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import SystemPackage
import TestSupport
import Testing

/// `worker::*`: the project as workers and other machines change it.
@Suite(.timeLimit(.minutes(20))) struct BusJourney {
    @Test func updatesAreMadeAndTold() async throws {
        try await Road.open { road in
            try await road.publishScript("steady", "1.0.0", "exec sleep 1000")
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                let added = try await road.iii("worker", "add", "steady@^1.0", "--no-wait")
                try #require(added.status == 0, "\(added.talk)")
                try await road.publishScript("steady", "1.1.0", "exec sleep 1001")
                try await SnakeWorker.run(road, url: engine.url) {
                    _ = try await road.answer("snake::heard")
                    let updated = try await road.iii("trigger", "worker::update")
                    try #require(updated.status == 0, "\(updated.talk)")
                    let rows = try JSONValue(parsing: updated.output)["updated"]
                    #expect(rows == [["name": "steady", "from_version": "1.0.0", "to_version": "1.1.0"]])
                    let removed = try await road.iii("worker", "remove", "steady")
                    try #require(removed.status == 0, "\(removed.talk)")
                    // The command line changed the files; the engine saw it.
                    var events: [JSONValue] = []
                    while events.last?["operation"] != "remove" {
                        guard case .array(let heard)? = try await road.answer("snake::heard")["events"] else { return }
                        events = heard
                    }
                    let stages = events.map { $0["stage"] }
                    #expect(stages == ["started", "updating", "downloading", "downloaded", "done", "done"])
                    #expect(events.map { $0["caller_mode"] } == Array(repeating: "trigger", count: 5) + ["cli"])
                    #expect(events.first?["version"] == "1.1.0")
                }
            }
        }
    }

    @Test func manifestsAndTheFunctionsThemselvesAreExplained() async throws {
        try await Road.open { road in
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { _ in
                let good = "name: a\nversion: 1.0.0\nscripts:\n  start: python -m a\n"
                try road.write(["a/iii.worker.yaml": good + "colour: red\n"], in: road.project)
                let fit = try await road.answer("worker::validate", "manifest=\(good)")
                #expect(fit["valid"] == true)
                #expect(fit["name"] == "a")
                let odd = try await road.answer("worker::validate", "path=a")
                #expect(odd["unknown_keys"] == ["colour"])
                let broken = try await road.answer("worker::validate", "manifest=name: [")
                #expect(broken["valid"] == false)
                let neither = try await road.iii("trigger", "worker::validate")
                #expect(neither.talk.contains("W105"), "\(neither.talk)")

                let one = try await road.answer("worker::schema", "function_id=worker::add")
                #expect(one.first("schemas")?["default_timeout_ms"] == 600_000)
                #expect(try await road.answer("worker::schema", "function_id=worker::nothing")["schemas"] == [])
                let example = try await road.answer("worker::schema", "function_id=iii.worker.yaml")
                guard case .string(let manifest)? = example.first("schemas")?["response"]?["iii.worker.yaml"] else {
                    Issue.record("\(example)")
                    return
                }
                let itself = try await road.answer("worker::validate", "manifest=\(manifest)")
                #expect(itself["valid"] == true, "\(itself)")

                for (words, code) in [
                    (["names=[\"a\"]"], "W104"), (["yes=true"], "W103"),
                    (["yes=true", "all=true", "names=[\"a\"]"], "W103"),
                ] {
                    let refused = try await Programs.run(
                        "iii",
                        ["trigger", "worker::clear"] + words,
                        in: road.project,
                        variables: road.variables
                    )
                    #expect(refused.status == 1)
                    #expect(refused.talk.contains(code), "\(refused.talk)")
                }
                #expect(try await road.answer("worker::clear", "yes=true", "all=true")["cleared_bytes"] == 0)
            }
        }
    }

    @Test func workersAreAddedAndRemovedFromElsewhere() async throws {
        try await Road.open { road in
            try await road.publishExample("roman-numerals")
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try road.write(["note": ""], in: road.folder.appending("elsewhere"))
            let elsewhere = road.folder.appending("elsewhere")
            try await RunningProject.open(road) { engine in
                let added = try await road.iii(
                    "worker",
                    "add",
                    "roman-numerals",
                    "--host",
                    engine.address,
                    in: elsewhere
                )
                #expect(added.status == 0, "\(added.talk)\(road.engineTalk)")
                #expect(added.output == "added roman-numerals  ready\n")
                #expect(road.read("config.yaml")?.contains("- name: roman-numerals") == true)
                #expect(road.tree(elsewhere) == ["note"])
                let listed = try await road.iii("worker", "list", "--host", engine.address, in: elsewhere)
                #expect(listed.output.contains("roman-numerals  2.0.0    binary  ready"), "\(listed.output)")
                let updated = try await road.iii("worker", "update", "--host", engine.address, in: elsewhere)
                #expect(updated.status == 0, "\(updated.talk)")
                #expect(updated.talk.contains("everything is as new as"), "\(updated.talk)")
                let removed = try await road.iii(
                    "worker",
                    "remove",
                    "roman-numerals",
                    "--host",
                    engine.url,
                    in: elsewhere
                )
                #expect(removed.status == 0, "\(removed.talk)")
                #expect(removed.output == "removed roman-numerals\n")
                #expect(road.read("config.yaml")?.contains("roman-numerals") == false)
            }
        }
    }
}

extension JSONValue {
    /// The first element of a list that is a member.
    fileprivate func first(_ key: String) -> JSONValue? {
        if case .array(let elements)? = self[key] { elements.first } else { nil }
    }
}
