// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSONText
import RegistryAPI
import RegistryServer
import RegistryService
import RegistryStorage
import Testing
import WorkerModel

/// What answers say, as existing clients read them.
struct AnswerTests {
    @Test func publishAnswersWithTheVersion() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                let answer = try await server.publish(Requests.binary())
                #expect(answer.status == 200)
                #expect(
                    answer.json
                        == [
                            "worker": ["name": "smoke"],
                            "version": ["version": "1.2.3", "tag": "latest", "published_at": "2026-08-01T10:00:00Z"],
                        ]
                )
            }
        }
    }

    @Test func repeatedPublishTellsWhetherItIsTheSame() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.binary())
                let same = try await server.publish(Requests.binary(tag: "next"))
                #expect(same.status == 409 && same.json["error"]?["identical"] == true)
                var request = Requests.binary()
                request["readme"] = "other"
                let other = try await server.publish(request)
                #expect(other.status == 409 && other.json["error"]?["identical"] == false)
                let versions = try await server.ask(.get, "/w/smoke/versions").json["versions"]
                #expect(versions.map { $0.text().contains("next") } == false)
            }
        }
    }

    @Test func validationListsEverything() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                var request = Requests.binary(tag: "1.0")
                request["version"] = "1"
                request["dependencies"] = [["name": "X", "version": "*"]]
                request["oops"] = 1
                let answer = try await server.publish(request)
                let envelope = try ErrorEnvelope(json: answer.json)
                #expect(
                    Set(envelope.details.map(\.path))
                        == ["$.version", "$.tag", "$.oops"]
                )
                #expect(envelope.details.allSatisfy { !$0.reason.isEmpty })
            }
        }
    }

    @Test func badBundleNamesTheCheckOfTheInstaller() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                let digest = try await server.upload(Array("no archive".utf8))
                let answer = try await server.publish([
                    "worker_name": "pi", "version": "1.0.0", "type": "bundle", "sha256": .string(digest.description),
                ])
                #expect(answer.status == 422)
                #expect(try ErrorEnvelope(json: answer.json).details.map(\.code) == ["W181"])
                #expect(try await server.ask(.get, "/w/pi").code == "worker_not_found")
            }
        }
    }

    @Test func unknownDependencyFailsAsClientsExpect() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.engine("mcp", needs: [("skills", "^0.2.1")]))
                let answer = try await server.resolve(["worker": "mcp", "version": "*"])
                let envelope = try ErrorEnvelope(json: answer.json)
                #expect(answer.status == 422 && envelope.code == "worker_not_found")
                #expect(envelope.worker == "skills" && envelope.requested == ["^0.2.1"])
                #expect(envelope.dependencyPath == "mcp -> skills" && envelope.scope == "worker")
                #expect(envelope.available == [] && envelope.fix.contains("skills"))
            }
        }
    }

    @Test func disjointRangesAreAConflict() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.engine("state", "0.19.4"))
                try await server.publish(Requests.engine("state", "0.20.1"))
                try await server.publish(Requests.engine("harness", needs: [("state", "^0.19.0")]))
                try await server.publish(Requests.engine("slack", needs: [("state", "^0.20.0"), ("harness", "*")]))
                let answer = try await server.resolve(["worker": "slack"])
                let envelope = try ErrorEnvelope(json: answer.json)
                #expect(answer.status == 422 && envelope.code == "version_conflict")
                #expect(Set(envelope.requested) == ["^0.19.0", "^0.20.0"] && envelope.worker == "state")
                #expect(envelope.available == ["0.20.1", "0.19.4"])
                #expect(envelope.dependencyPath == "slack -> harness -> state")
                #expect(envelope.message.contains("^0.19.0") && envelope.message.contains("and"))
            }
        }
    }

    @Test func cyclesAreNamed() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.engine("a", needs: [("b", "*")]))
                try await server.publish(Requests.engine("b", needs: [("a", "*")]))
                let answer = try await server.resolve(["worker": "a"])
                #expect(answer.status == 422 && answer.code == "dependency_cycle")
                #expect(answer.json["error"]?["dependency_path"] == "a -> b -> a")
            }
        }
    }

    @Test func missingVersionRecitesWhatThereIs() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                for version in ["1.0.0", "1.2.0", "1.1.0"] {
                    try await server.publish(Requests.engine("state", version))
                }
                let answer = try await server.ask(.get, "/w/state?version=9.0.0")
                let envelope = try ErrorEnvelope(json: answer.json)
                #expect(envelope.available == ["1.2.0", "1.1.0", "1.0.0"] && envelope.requested == ["9.0.0"])
                #expect(envelope.fix.contains("1.2.0"))
            }
        }
    }

    @Test func whoAmINamesTheAccountAndNoSecret() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                let answer = try await server.ask(.get, "/whoami", as: .reader)
                #expect(answer.json["account"] == "acme" && answer.json["scopes"] == ["tags"])
                #expect(!answer.json.text().contains("iii_"))
            }
        }
    }

    @Test func wrongKeysAreSlowedDown() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                for _ in 0..<10 { #expect(try await server.ask(.get, "/whoami", as: .wrong).status == 401) }
                #expect(try await server.ask(.get, "/whoami", as: .publisher).status == 200)
                let answer = try await server.ask(.get, "/whoami", as: .wrong)
                #expect(answer.status == 429 && answer.code == "too_many_requests")
                #expect(answer.header("Retry-After").flatMap { Int($0) }.map { (1...61).contains($0) } == true)
                #expect(try await server.ask(.get, "/healthz").status == 200)
            }
        }
    }

    @Test func readsMayBeMadeFromPagesOfOtherOrigins() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                for path in ["/w/none", "/download/none", "/blobs/sha256/\(RouteTests.hex)", "/healthz", "/none"] {
                    #expect(try await server.ask(.get, path).header("Access-Control-Allow-Origin") == "*")
                }
                #expect(try await server.resolve([:]).header("Access-Control-Allow-Origin") == "*")
                #expect(try await server.publish([:]).header("Access-Control-Allow-Origin") == nil)
                for path in ["/w/none", "/w/none/versions", "/download/none", "/resolve"] {
                    let answer = try await server.ask(.options, path)
                    #expect(answer.status == 204 && answer.header("Access-Control-Allow-Origin") == "*")
                    #expect(answer.header("Access-Control-Allow-Methods")?.contains("GET") == true)
                    #expect(answer.header("Access-Control-Allow-Headers")?.contains("X-API-Key") == false)
                }
            }
        }
    }

    @Test func unchangedAnswersNeedNoBody() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.binary())
                for path in ["/download/smoke", "/w/smoke", "/w/smoke/versions"] {
                    let first = try await server.ask(.head, path)
                    #expect(first.bytes == [])
                    let tag = try #require(first.header("ETag"))
                    let again = try await server.ask(.get, path, headers: [.ifNoneMatch: "\"x\", \(tag)"])
                    #expect(again.status == 304 && again.bytes == [])
                    #expect(try await server.ask(.get, path, headers: [.ifNoneMatch: "\"x\""]).status == 200)
                }
            }
        }
    }

    @Test func onlyGetCountsAsADownload() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.binary())
                for method in [.get, .head, .get] as [HTTPRequest.Method] {
                    try await server.ask(method, "/download/smoke")
                }
                try await server.ask(.get, "/download/smoke?ci=true")
                #expect(try await server.ask(.get, "/w/smoke").json["worker"]?["total_downloads"] == 2)
            }
        }
    }

    @Test func bodiesAreLimited() async throws {
        try await ServerFixture.run(
            limits: ServerLimits(jsonBody: ByteCount(1000), question: ByteCount(1000), upload: ByteCount(1000))
        ) {
            fixture in
            try await fixture.routes { server in
                let large = Array(repeating: UInt8(ascii: " "), count: 1001)
                let published = try await server.ask(.post, "/publish", as: .publisher, large)
                #expect(published.status == 413 && published.code == "too_large")
                #expect(try await server.ask(.post, "/resolve", large).status == 413)
                let digest = Digest.sha256(large)
                let uploaded = try await server.ask(.put, "/blobs/sha256/\(digest)", as: .publisher, large)
                #expect(uploaded.status == 413 && uploaded.code == "too_large")
                #expect(try await server.ask(.head, "/blobs/sha256/\(digest)").status == 404)
                _ = try await server.upload(Array(large.dropLast()))
            }
        }
    }

    @Test func failuresAreLoggedOnceAndNotTold() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.store.close()
            try await fixture.routes { server in
                let answer = try await server.ask(.get, "/w/smoke")
                #expect(answer.status == 503 && answer.code == "unavailable")
                let errors = fixture.log.all.filter { $0["level"] == "error" }
                #expect(errors.count == 1)
                #expect(errors.first?["hb.request.id"] == answer.header("X-Request-Id").map { .string($0) })
                #expect(errors.first?["error.message"] == "the registry's database is closed")
            }
        }
    }

    @Test func logHasOneLineARequestAndNeverAKey() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.binary())
                try await server.ask(.get, "/w/smoke?version=1.2.3&key=\(fixture.key)", as: .publisher)
                try await server.ask(.get, "/whoami", as: .wrong)
                try await server.ask(.get, "/nothing\r\nhere")
            }
            let requests = fixture.log.all.filter { $0["message"] == "request" }
            #expect(requests.map { $0["http.status"] } == ["200", "200", "401", "404"])
            #expect(requests.map { $0["http.method"] } == ["POST", "GET", "GET", "GET"])
            #expect(requests[1]["http.path"] == "/w/smoke")
            let text = fixture.log.all.map { $0.text() }.joined()
            #expect(!text.contains(fixture.key) && !text.contains("iii_"))
        }
    }
}
