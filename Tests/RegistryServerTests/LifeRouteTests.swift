// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import JSONText
import RegistryAPI
import Testing
import WorkerModel

/// The bodies that clients decide by, when they change what is there.
struct LifeRouteTests {
    private static func run(_ body: @Sendable (TestedServer) async throws -> Void) async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.binary("smoke", "1.2.3"))
                try await server.publish(Requests.binary("smoke", "1.3.0", tag: nil))
                try await body(server)
            }
        }
    }

    private static func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: JSONValue? = nil,
        to server: TestedServer
    ) async throws -> Answer {
        try await server.ask(method, path, as: .publisher, body?.bytes())
    }

    @Test func conflictSaysWhereTheChannelPoints() async throws {
        try await Self.run { (server) async throws in
            let move: JSONValue = ["version": "1.3.0", "expected_current_version": "9.0.0"]
            let conflict = try await Self.send(.put, "/w/smoke/tags/latest", move, to: server)
            #expect(conflict.status == 409 && conflict.json["error"]?["current_version"] == "1.2.3")
            let unassigned = try await Self.send(.put, "/w/smoke/tags/rc", move, to: server)
            #expect(unassigned.status == 409 && unassigned.json["error"]?["current_version"] == JSONValue.null)
            let right: JSONValue = ["version": "1.3.0", "expected_current_version": "1.2.3"]
            let moved = try await Self.send(.put, "/w/smoke/tags/latest", right, to: server)
            #expect(moved.json == ["tag": ["version": "1.3.0"], "changed": true])
            let again = try await Self.send(.put, "/w/smoke/tags/latest", right, to: server)
            #expect(again.json == ["tag": ["version": "1.3.0"], "changed": false])
            let rows = try VersionList(json: try await server.ask(.get, "/w/smoke/versions").json).versions
            #expect(rows.map { $0.channels.map(\.description) } == [["latest"], []])
        }
    }

    @Test func finalizeAnswersAsPublishersExpect() async throws {
        try await Self.run { (server) async throws in
            try await server.publish(Requests.binary("smoke", "1.4.0-rc.2", tag: "next"))
            let release: JSONValue = [
                "candidate_version": "1.4.0-rc.2", "stable_version": "1.4.0", "expected_latest_version": "1.2.3",
            ]
            let early = try await Self.send(.post, "/w/smoke/releases/finalize", release, to: server)
            #expect(early.status == 409 && early.code == "finalize_conflict")
            try await server.publish(Requests.binary("smoke", "1.4.0", tag: nil))
            let done = try await Self.send(.post, "/w/smoke/releases/finalize", release, to: server)
            #expect(done.json == ["finalize": ["stable_version": "1.4.0"], "changed": true])
            let again = try await Self.send(.post, "/w/smoke/releases/finalize", release, to: server)
            #expect(again.json["changed"] == false)
        }
    }

    @Test func deletedNumberIsUsedUpAndSaysSo() async throws {
        try await Self.run { (server) async throws in
            #expect(try await Self.send(.delete, "/w/smoke/versions/1.3.0", to: server).status == 200)
            let again = try await server.publish(Requests.binary("smoke", "1.3.0"))
            #expect(again.status == 409 && again.code == "version_exists")
            let gone = try await server.ask(.get, "/download/smoke?version=1.3.0")
            #expect(gone.status == 404 && gone.code == "version_not_found")
        }
    }

    @Test func refusedDeletionTellsEachRule() async throws {
        try await Self.run { (server) async throws in
            for _ in 0..<10 { try await server.ask(.get, "/download/smoke?version=1.2.3") }
            try await server.publish(Requests.engine("needs", needs: [("smoke", "1.2.3")]))
            let refused = try await Self.send(.delete, "/w/smoke/versions/1.2.3", to: server)
            #expect(refused.status == 409 && refused.code == "delete_refused")
            let details = try ErrorEnvelope(json: refused.json).details
            #expect(details.map(\.path) == ["downloads", "dependents"])
        }
    }

    @Test func listIsReadByPagesOfOtherOriginsAndNotSentTwice() async throws {
        try await Self.run { (server) async throws in
            let list = try await server.ask(.get, "/w?tag=none&search=smoke")
            #expect(list.header("Access-Control-Allow-Origin") == "*")
            let tag = try #require(list.header("ETag"))
            #expect(try await server.ask(.get, "/w?tag=none&search=smoke", headers: [.ifNoneMatch: tag]).status == 304)
            for path in ["/w", "/w/smoke/skills", "/feed.atom", "/badge/workers.svg"] {
                let asked = try await server.ask(.options, path)
                #expect(asked.status == 204 && asked.header("Access-Control-Allow-Origin") == "*", "\(path)")
            }
            let badge = try await server.ask(.get, "/badge/workers.svg")
            #expect(badge.header("Content-Type")?.hasPrefix("image/svg+xml") == true)
            let feed = try await server.ask(.get, "/feed.atom")
            #expect(feed.header("Content-Type")?.hasPrefix("application/atom+xml") == true)
        }
    }
}
