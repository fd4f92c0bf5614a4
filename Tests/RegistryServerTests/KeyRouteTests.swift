// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import JSONText
import RegistryAPI
import RegistryServer
import Testing

/// Keys and owners over HTTP.
struct KeyRouteTests {
    @Test func keyIsMadeUsedListedAndRevoked() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                let made = try await server.ask(
                    .post,
                    "/keys",
                    as: .publisher,
                    Array(#"{"label":"ci","scopes":["publish"],"names":["smoke"],"expires_at":"2026-12-31"}"#.utf8)
                )
                #expect(made.status == 200 && made.header("Cache-Control") == "no-store")
                let answer = try NewKeyAnswer(json: made.json)
                #expect(answer.key.hasPrefix("iii_") && answer.info.account == "acme")
                #expect(answer.info.expiresAt == "2026-12-31T00:00:00Z" && answer.info.names == ["smoke"])
                let key: HTTPFields = [.testKey: answer.key]
                #expect(try await server.ask(.get, "/whoami", headers: key).json["label"] == "ci")
                #expect(
                    try await server.ask(.post, "/publish", headers: key, JSONValue.object(Requests.binary()).bytes())
                        .status == 200
                )
                let listed = try KeyList(json: try await server.ask(.get, "/keys", headers: key).json)
                #expect(listed.keys.map(\.label).contains("ci"))
                #expect(!listed.json.text().contains("iii_"))
                let path = "/keys/\(try #require(answer.info.id))"
                #expect(try await server.ask(.delete, path, headers: key).status == 204)
                #expect(try await server.ask(.get, "/whoami", headers: key).status == 401)
                #expect(try await server.ask(.delete, path, as: .publisher).code == "key_not_found")
            }
        }
    }

    @Test func misspelledLimitMakesNoKey() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                let body = Array(#"{"scopes":["publish"],"expire_at":"2026-12-31"}"#.utf8)
                let answer = try await server.ask(.post, "/keys", as: .publisher, body)
                #expect(answer.status == 422 && answer.code == "validation_error")
                let several = Array(#"{"scopes":["fly"],"names":["A"]}"#.utf8)
                let problems = try await server.ask(.post, "/keys", as: .publisher, several)
                #expect(problems.status == 422)
                if case .array(let details) = problems.json["error"]?["details"] {
                    #expect(details.map { $0["path"] } == ["$.scopes[0]", "$.names[0]"])
                } else {
                    Issue.record("no details")
                }
            }
        }
    }

    @Test func ownersAreAddedAndTakenAway() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.binary())
                func owners(_ answer: Answer) throws -> [String] { try OwnerList(json: answer.json).owners }
                #expect(try owners(await server.ask(.get, "/w/smoke/owners")) == ["acme"])
                let body = Array(#"{"account":"mallory"}"#.utf8)
                #expect(try await server.ask(.post, "/w/smoke/owners", as: .stranger, body).code == "forbidden")
                #expect(try owners(await server.ask(.post, "/w/smoke/owners", as: .publisher, body)).count == 2)
                #expect(try owners(await server.ask(.delete, "/w/smoke/owners/acme", as: .stranger)) == ["mallory"])
                let last = try await server.ask(.delete, "/w/smoke/owners/mallory", as: .stranger)
                #expect(last.status == 409 && last.code == "last_owner")
                #expect(try owners(await server.ask(.get, "/w/smoke/owners")) == ["mallory"])
            }
        }
    }
}
