// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import TestSupport
import Testing

/// What somebody writes into `config.yaml` by hand counts.
@Suite(.timeLimit(.minutes(20))) struct FollowJourney {
    @Test func aWorkerThatWasDeletedByHandStaysAway() async throws {
        try await Road.open { road in
            try await road.publish("base", "1.0.0")
            try await road.publish("app", "1.0.0", needs: ["base": "^1.0"])
            try await road.publish("tool", "1.0.0")
            try await road.does("worker", "add", "app", "tool")
            let config = try #require(road.read("config.yaml")).replacingOccurrences(of: "  - name: app\n", with: "")
            try road.write(["config.yaml": config], in: road.project)

            let verify = try await road.iii("worker", "verify")
            #expect(verify.status == 3 && verify.output.contains("app: stands in iii.lock but not"), "\(verify)")
            let frozen = try await road.iii("worker", "sync", "--frozen")
            #expect(frozen.status == 3 && frozen.talk.contains("- app 1.0.0 (in lock, not in"), "\(frozen.talk)")
            let sync = try await road.does("worker", "sync")
            #expect(sync.talk.contains("drift: - app 1.0.0"), "\(sync.talk)")

            let update = try await road.does("worker", "update")
            #expect(update.output.contains("removed app 1.0.0  (config.yaml lists it no more)"), "\(update.output)")
            #expect(update.output.contains("removed base 1.0.0"), "\(update.output)")
            #expect(road.read("config.yaml")?.contains("app") == false)
            #expect(road.read("iii.lock")?.contains("app") == false)
            try await road.does("worker", "verify", "--strict")
            try await road.does("worker", "sync", "--frozen")
        }
    }

    @Test func anEmptiedFileStopsNobodyAndAnEmptyListDoes() async throws {
        try await Road.open { road in
            try await road.publishScript("mute", "1.0.0", "exec sleep 1000")
            try await road.does("worker", "add", "mute")
            let config = try #require(road.read("config.yaml"))
            try await RunningProject.open(road) { engine in
                let before = try await engine.wait(for: "mute") { $0["pid"] != .null && $0["pid"] != nil }
                try road.write(["config.yaml": ""], in: road.project)
                while !road.engineTalk.contains("is empty; what runs is left alone") { await Task.yield() }
                try road.write(["config.yaml": config + "# saved\n"], in: road.project)
                #expect(try await engine.status("mute")["pid"] == before["pid"])
                try road.write(["config.yaml": "workers: []\n"], in: road.project)
                while try await listed(road).contains("mute") { try Task.checkCancellation() }
            }
        }
    }

    private func listed(_ road: Road) async throws -> String {
        try await road.does("trigger", "worker::list").output
    }
}
