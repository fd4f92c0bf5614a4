// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import RegistryAPI
import RegistryClient
import Testing
import Transport
import TransportTestSupport
import WorkerModel

/// What owners change, as it goes over the wire.
@Suite struct ChangeTests {
    private static let version = SemanticVersion(1, 2, 0)

    private func name() throws -> WorkerName { try WorkerName(parsing: "pi") }

    /// Sends one request and gives what was sent: method, path and body.
    private func sent(_ body: (RegistryClient) async throws -> Void) async throws -> (String, String, JSONValue?) {
        let transport = FakeTransport { _ in .json(200, #"{"tag":{"version":"1.2.0"},"changed":true,"owners":["a"]}"#) }
        try await body(makeClient(transport))
        let request = try #require(transport.requests.first)
        #expect(request.credentials.map(\.name) == ["X-API-Key"])
        return (request.method.rawValue, request.url.target, request.sentJSON)
    }

    @Test func yankSaysWhy() async throws {
        let (method, path, body) = try await sent { try await $0.yank(try name(), Self.version, reason: "bad") }
        #expect(method == "POST" && path == "/api/w/pi/versions/1.2.0/yank" && body == ["reason": "bad"])
        let (again, undo, _) = try await sent { try await $0.unyank(try name(), Self.version) }
        #expect(again == "POST" && undo == "/api/w/pi/versions/1.2.0/unyank")
    }

    @Test func deprecationNamesWhatToUseInstead() async throws {
        let (method, path, body) = try await sent { client in
            let request = DeprecateRequest(message: "old", replacement: try WorkerName(parsing: "tau"), versions: "<2")
            try await client.deprecate(try name(), request)
        }
        #expect(method == "POST" && path == "/api/w/pi/deprecate")
        #expect(body == ["message": "old", "replacement": "tau", "versions": "<2"])
    }

    @Test(arguments: [
        (ChannelRequest.Expectation.anything, #"{"version":"1.2.0"}"#),
        (.unassigned, #"{"version":"1.2.0","expected_current_version":null}"#),
        (.version(SemanticVersion(1, 0, 0)), #"{"version":"1.2.0","expected_current_version":"1.0.0"}"#),
    ])
    func aChannelMovesOnlyFromWhereItIsExpected(_ expected: ChannelRequest.Expectation, _ json: String) async throws {
        let (method, path, body) = try await sent { client in
            let move = ChannelRequest(version: Self.version, expected: expected)
            let answer = try await client.move(.next, of: try name(), move)
            #expect(answer.hasChanged)
        }
        #expect(method == "PUT" && path == "/api/w/pi/tags/next")
        #expect(try JSONValue(parsing: json) == body)
        #expect(try ChannelRequest(json: JSONValue(parsing: json)).expected == expected)
    }

    @Test func ownersComeAndGo() async throws {
        let (method, path, body) = try await sent { try await $0.addOwner("acme", of: try name()) }
        #expect(method == "POST" && path == "/api/w/pi/owners" && body == ["account": "acme"])
        let (removal, place, _) = try await sent { try await $0.removeOwner("a b/c", of: try name()) }
        #expect(removal == "DELETE" && place == "/api/w/pi/owners/a%20b%2Fc")
        let (deletion, channel, _) = try await sent { try await $0.remove(.next, of: try name()) }
        #expect(deletion == "DELETE" && channel == "/api/w/pi/tags/next")
    }

    @Test func aChannelThatMovedMeanwhileHasACodeOfItsOwn() async throws {
        let body =
            #"{"error":{"code":"tag_conflict","message":"`next` is at 1.1.0","fix":"look again","available":[]}}"#
        let transport = FakeTransport { _ in .json(409, body) }
        let error = await clientError {
            _ = try await makeClient(transport).move(.next, of: try name(), ChannelRequest(version: Self.version))
        }
        #expect(error?.code == .channelConflict)
        #expect(error?.message == "cannot move the channel `next` of `pi`: `next` is at 1.1.0")
    }

    @Test func whoseKeyItIsMayStayUntold() async throws {
        let told = FakeTransport { _ in .json(200, #"{"account":"acme","label":"l","scopes":["publish"]}"#) }
        #expect(try await makeClient(told).account()?.account == "acme")
        let silent = FakeTransport { _ in .respond(status: 404) }
        #expect(try await makeClient(silent).account() == nil)
        let strange = FakeTransport { _ in .json(401, #"{"error":{"code":"unauthorized","message":"no"}}"#) }
        let error = await clientError { _ = try await makeClient(strange).account() }
        #expect(error?.code == .unauthorized)
    }

    @Test func aSearchSaysWhatItLooksFor() async throws {
        let page =
            #"{"workers":[{"name":"pi","version":"1.2.0","type":"bundle"}],"pagination":{"next_cursor":"c","has_more":true,"page_size":1}}"#
        let transport = FakeTransport { _ in .json(200, page) }
        var question = ListQuestion(search: "p & q")
        question.kind = .bundle
        question.pageSize = 1
        let answer = try await makeClient(transport).list(question)
        #expect(answer.workers.map(\.name) == [try name()] && answer.nextCursor == "c")
        #expect(transport.requests.map(\.url.target) == ["/api/w?search=p%20%26%20q&type=bundle&page_size=1"])
        #expect(transport.requests.allSatisfy { $0.credentials.isEmpty })
    }
}
