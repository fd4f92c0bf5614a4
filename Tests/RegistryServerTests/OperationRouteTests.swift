// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import JSONText
import RegistryService
import RegistryStorage
import Testing

@testable import RegistryServer

/// What an operator asks a server about itself.
struct OperationRouteTests {
    @Test func metricsCountRequestsByRoute() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.binary())
                for name in ["smoke", "none", "none"] { try await server.ask(.get, "/download/\(name)") }
                try await server.ask(.get, "/nowhere/\(RouteTests.hex)")
                try await server.ask(HTTPRequest.Method(rawValue: "BREW") ?? .get, "/w/smoke")
                let answer = try await server.ask(.get, "/metrics")
                #expect(answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
                let lines = Set(String(decoding: answer.bytes, as: UTF8.self).split(separator: "\n").map(String.init))
                func requests(_ method: String, _ route: String, _ status: Int) -> String {
                    #"iii_registry_http_requests_total{method="\#(method)",route="\#(route)",status="\#(status)"}"#
                }
                #expect(lines.contains(requests("GET", "/download/{name}", 200) + " 1"))
                #expect(lines.contains(requests("GET", "/download/{name}", 404) + " 2"))
                #expect(lines.contains(requests("POST", "/publish", 200) + " 1"))
                #expect(lines.contains { $0.hasPrefix(#"iii_registry_http_requests_total{method="other""#) })
                #expect(
                    lines.contains(#"iii_registry_http_request_duration_seconds_count{route="/download/{name}"} 3"#)
                )
                #expect(
                    lines.contains(
                        #"iii_registry_http_request_duration_seconds_bucket{route="/download/{name}",le="+Inf"} 3"#
                    )
                )
                #expect(lines.contains("iii_registry_http_requests_under_way 1"))
                #expect(lines.contains { $0.hasPrefix("process_resident_memory_bytes ") })
                // No path of a client makes a row of its own.
                #expect(!lines.contains { $0.contains(RouteTests.hex) })
                for line in lines where !line.hasPrefix("#") {
                    #expect(line.split(separator: " ").last.flatMap { Double($0) } != nil, "\(line)")
                }
            }
        }
    }

    @Test func pagesHaveTheLimitThatTheServerSets() async throws {
        try await ServerFixture.run(limits: ServerLimits(page: 2)) { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.binary())
                for path in ["/w", "/w/smoke/events", "/w/smoke/dependents"] {
                    #expect(try await server.ask(.get, path).json["pagination"]?["page_size"] == 2, "\(path)")
                    #expect(try await server.ask(.get, path + "?page_size=1").status == 200)
                    #expect(try await server.ask(.get, path + "?page_size=3").status == 422)
                }
            }
        }
    }

    @Test func metricsCanBeTurnedOff() async throws {
        var settings = RegistrySettings()
        settings.showsMetrics = false
        try await ServerFixture.run(settings: settings) { fixture in
            try await fixture.routes { (server) async throws in
                #expect(try await server.ask(.get, "/metrics").status == 404)
            }
        }
    }

    @Test func readyWhileTheRecordsCanBeReadAndHealthyAlways() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                #expect(try await server.ask(.get, "/readyz").status == 200)
                try await fixture.store.close()
                let answer = try await server.ask(.get, "/readyz")
                #expect(answer.status == 503 && answer.json == ["status": "unavailable"])
                #expect(try await server.ask(.get, "/healthz").status == 200)
            }
        }
    }

    @Test func logHasNoKeyWhereverItWasSent() async throws {
        try await ServerFixture.run { fixture in
            let key = fixture.key
            try await fixture.routes { server in
                try await server.ask(.get, "/whoami", as: .publisher)
                try await server.ask(.delete, "/keys/\(key)", as: .publisher)
                try await server.ask(.get, "/w/smoke?key=\(key)")
                try await server.ask(.get, "/nowhere/\(key)/a")
                try await server.ask(.post, "/keys", as: .publisher, Array("{\"\(key)\":1}".utf8))
                try await server.ask(.get, "/whoami", headers: [.testKey: key + "x"])
            }
            let log = fixture.log.all.map { $0.text() }.joined()
            #expect(log.contains("[redacted]") && !log.contains("iii_"))
        }
    }

    @Test func accountsAndAddressesHaveARate() async throws {
        let limits = ServerLimits(questionsPerMinute: 2)
        try await ServerFixture.run(limits: limits) { fixture in
            try await fixture.routes { server in
                for _ in 0..<2 { #expect(try await server.resolve(["worker": "none"]).status == 404) }
                let refused = try await server.resolve(["worker": "none"])
                #expect(refused.status == 429 && refused.code == "too_many_requests")
                #expect(refused.header("Retry-After").flatMap { Int($0) } == 31)
                #expect(try await server.ask(.get, "/healthz").status == 200)
            }
        }
    }

    @Test(arguments: ["/w", "/w/", "//w", "/w//", "/w?a=b", "/./w"])
    func questionsCountByTheirRouteHoweverTheyAreSpelled(_ path: String) async throws {
        try await ServerFixture.run(limits: ServerLimits(questionsPerMinute: 2)) { fixture in
            try await fixture.live { server in
                var statuses: [Int] = []
                for _ in 0..<3 { statuses.append(try await server.ask(.get, path).status) }
                #expect(statuses == [200, 200, 429] || statuses == [404, 404, 404], "\(statuses)")
            }
        }
    }

    @Test func whatIsReadIsAnsweredToHEADToo() async throws {
        try await ServerFixture.run { fixture in
            let routes = fixture.server.router().routes
            let heads = Set(routes.filter { $0.method == .head }.map(\.path.description))
            #expect(Set(routes.filter { $0.method == .get }.map(\.path.description)) == heads)
            try await fixture.routes { server in
                for path in ["/healthz", "/readyz", "/metrics", "/openapi.json"] {
                    let (head, get) = (try await server.ask(.head, path), try await server.ask(.get, path))
                    #expect(head.status == 200 && head.bytes == [] && get.status == 200)
                    #expect(head.header("Content-Type") == get.header("Content-Type"))
                }
                let page: HTTPFields = [.accept: "text/html"]
                #expect(try await server.ask(.head, "/", headers: page).status == 200)
            }
        }
    }
}
