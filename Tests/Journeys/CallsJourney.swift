// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import TestSupport
import Testing

/// What a worker asks to call, from its manifest to its user's word.
@Suite struct CallsJourney {
    private static let asks = "calls: [\"shell::run\"]\n"

    @Test func whatAWorkerAsksToCallIsShownAndGrantedByItsUserAlone() async throws {
        try await Road.open { road in
            let published = try await road.publish(
                "assistant",
                "1.0.0",
                extra: Self.asks + "config: {may_call: [\"*\"]}\n"
            )
            #expect(published.status == 0)
            #expect(try road.get("/w/assistant")["worker"]?["calls"] == ["shell::run"])
            #expect(try road.get("/download/assistant")["calls"] == ["shell::run"])
            let info = try await road.iii("worker", "info", "assistant")
            #expect(info.output.contains("asks to call  shell::run"), "\(info.output)")

            let planned = try await road.iii("worker", "add", "assistant", "--dry-run")
            #expect(planned.status == 0)
            #expect(planned.output.contains("asks to call shell::run"), "\(planned.output)")
            let refused = try await road.iii("worker", "add", "assistant", "--yes")
            #expect(refused.status == 3)
            #expect(refused.talk.contains("error: [W191] `assistant` asks to call shell::run"), "\(refused.talk)")
            #expect(refused.talk.contains("may_call: [\"shell::run\"]"))
            #expect(road.read("config.yaml") == nil)

            let added = try await road.iii("worker", "add", "assistant", "--allow-calls")
            #expect(added.status == 0, "\(added.talk)")
            let config = try #require(road.read("config.yaml"))
            #expect(config.contains("may_call:") && config.contains("shell::run"), "\(config)")
            #expect(config.contains("  config:\n      may_call:"), "\(config)")
        }
    }

    @Test func anUpdateThatAsksForMoreAsksAgain() async throws {
        try await Road.open { road in
            try await road.publish("assistant", "1.0.0", extra: Self.asks)
            try road.write(
                ["config.yaml": "workers:\n  - name: assistant\n    may_call: [\"shell::*\"]\n"],
                in: road.project
            )
            try await road.does("worker", "add", "assistant@^1")
            try await road.publish("assistant", "1.1.0", extra: "calls: [\"shell::run\", \"worker::add\"]\n")
            let refused = try await road.iii("worker", "update")
            #expect(refused.status == 3)
            #expect(refused.talk.contains("`assistant` now also asks to call worker::add"), "\(refused.talk)")
            #expect(road.read("iii.lock")?.contains("1.1.0") == false)
            try await road.does("worker", "update", "--allow-calls")
            #expect(road.read("config.yaml")?.contains("worker::add") == true)
            #expect(road.read("iii.lock")?.contains("1.1.0") == true)
        }
    }

    @Test func aFolderOfOnesOwnAsksToo() async throws {
        try await Road.open { road in
            let manifest = "name: mine\nscripts:\n  start: sleep 1000\ncalls: [\"shell::run\"]\n"
            try road.write(["mine/iii.worker.yaml": manifest], in: road.project)
            let checked = try await road.iii("worker", "check", "mine")
            #expect(checked.status == 0, "\(checked.output)")
            let refused = try await road.iii("worker", "add", "./mine")
            #expect(refused.status == 3)
            try await road.does("worker", "add", "./mine", "--allow-calls")
            #expect(road.read("config.yaml")?.contains("shell::run") == true)
            try road.write(["mine/iii.worker.yaml": manifest.replacing("shell::run", with: "a b")], in: road.project)
            let wrong = try await road.iii("worker", "check", "mine")
            #expect(wrong.status == 3)
            #expect(wrong.output.contains("`calls[0]` names no functions"), "\(wrong.output)")
        }
    }

    /// Over the bus nobody is asked, so nothing is granted: not by the user's own scripts, not by a worker.
    @Test func overTheBusNothingIsGranted() async throws {
        try await Road.open { road in
            try await road.publish("assistant", "1.0.0", extra: Self.asks)
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { _ in
                for more in [[], ["yes=true"], ["yes=true", "allow_calls=true"], ["force=true", "yes=true"]] {
                    let refused = try await Programs.run(
                        "iii",
                        ["trigger", "worker::add", "source=assistant"] + more,
                        in: road.project,
                        variables: road.variables
                    )
                    #expect(refused.status == 1 && refused.talk.contains("W191"), "\(refused.talk)")
                    #expect(road.read("config.yaml") == "workers: []\n")
                }
                // What the user has granted is enough.
                try road.write(
                    ["config.yaml": "workers:\n  - name: assistant\n    may_call: [\"shell::run\"]\n"],
                    in: road.project
                )
                let added = try await road.iii("trigger", "worker::add", "source=assistant", "wait=false")
                #expect(added.status == 0, "\(added.talk)")
            }
        }
    }

    @Test func aPartOfAnotherEngineIsSaidBeforeItIsMissed() async throws {
        try await Road.open { road in
            let added = try await road.iii("worker", "add", "iii-state")
            #expect(added.status == 0, "\(added.talk)")
            #expect(added.talk.contains("it is part of another engine, and this one does not have it"), "\(added.talk)")
            let listed = try await road.iii("worker", "list")
            #expect(listed.output.contains("it is part of another engine"), "\(listed.output)")
        }
    }
}
