// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import JSONText
import RegistryServer
import Testing

/// Browsers see pages; clients of the API see what they always did.
struct PageRouteTests {
    /// What browsers send.
    private static let browser: HTTPFields = [
        .accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
    ]

    @Test func aBrowserSeesTheListAndAProgramSeesNothing() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.binary())
                let page = try await server.ask(.get, "/", headers: Self.browser)
                #expect(page.status == 200 && page.header("Content-Type") == "text/html; charset=utf-8")
                #expect(String(decoding: page.bytes, as: UTF8.self).contains("href=\"/workers/smoke\""))
                #expect(page.header("Vary") == "Accept")
                for headers in [[:], [.accept: "*/*"], [.accept: "application/json"], [.accept: "text/html;q=0, */*"]]
                    as [HTTPFields]
                {
                    let answer = try await server.ask(.get, "/", headers: headers)
                    #expect(answer.status == 404 && answer.code == "not_found")
                }
            }
        }
    }

    @Test func everyPageForbidsWhatItDoesNotNeed() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.binary())
                for path in ["/", "/?search=x", "/workers/smoke", "/workers/none", "/?sort=nonsense"] {
                    let page = try await server.ask(.get, path, headers: Self.browser)
                    let policy = try #require(page.header("Content-Security-Policy"), "\(path)")
                    for rule in [
                        "default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'",
                    ] {
                        #expect(policy.contains(rule))
                    }
                    #expect(!policy.contains("unsafe") && !policy.contains("script-src"))
                    #expect(page.header("X-Content-Type-Options") == "nosniff")
                    #expect(page.header("Referrer-Policy") == "no-referrer")
                }
            }
        }
    }

    @Test func linksToTheAPILeadPeopleToPages() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.binary())
                let answer = try await server.ask(.get, "/w/smoke?version=1.2.3", headers: Self.browser)
                #expect(answer.status == 303 && answer.header("Location") == "/workers/smoke?version=1.2.3")
                #expect(answer.header("Vary") == "Accept")
                let json = try await server.ask(.get, "/w/smoke", headers: [.accept: "application/json"])
                #expect(json.json["worker"]?["name"] == "smoke" && json.header("Vary") == "Accept")
                let page = try await server.ask(.get, "/workers/smoke?version=1.2.3")
                #expect(page.status == 200 && page.header("Content-Type")?.hasPrefix("text/html") == true)
            }
        }
    }

    @Test func whatIsNotThereIsAPageToo() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.binary())
                for (path, status) in [
                    ("/workers/none", 404), ("/nothing/here", 404), ("/workers/%3Cscript%3E", 404),
                    ("/workers/smoke?version=9.0.0", 404),
                    ("/workers/smoke?version=%3Cscript%3E", 422), ("/?type=%22%3E", 422), ("/?cursor=%3C", 422),
                ] {
                    let page = try await server.ask(.get, path, headers: Self.browser)
                    #expect(
                        page.status == status && page.header("Content-Type")?.hasPrefix("text/html") == true,
                        "\(path)"
                    )
                    #expect(!String(decoding: page.bytes, as: UTF8.self).contains("<script"))
                }
            }
        }
    }

    @Test func pagesFollowChangesAndAreNotSentTwice() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                var request = Requests.binary()
                request["readme"] = "# Hello\n\n<script>alert(1)</script>"
                try await server.publish(request)
                let first = try await server.ask(.get, "/workers/smoke")
                let text = String(decoding: first.bytes, as: UTF8.self)
                #expect(text.contains("<h3>Hello</h3>") && !text.contains("<script"))
                let tag = try #require(first.header("ETag"))
                let again = try await server.ask(.get, "/workers/smoke", headers: [.ifNoneMatch: tag])
                #expect(again.status == 304 && again.bytes == [])
                #expect(try await server.ask(.head, "/workers/smoke").header("ETag") == tag)
                try await server.publish(Requests.binary("smoke", "1.3.0"))
                let changed = try await server.ask(.get, "/workers/smoke", headers: [.ifNoneMatch: tag])
                #expect(changed.status == 200 && String(decoding: changed.bytes, as: UTF8.self).contains("1.3.0"))
            }
        }
    }

    @Test func listsGoOn() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                for number in 10..<35 { try await server.publish(Requests.engine("worker-\(number)")) }
                var seen = 0
                var path: String? = "/?type=engine"
                while let next = path {
                    let page = String(
                        decoding: try await server.ask(.get, next, headers: Self.browser).bytes,
                        as: UTF8.self
                    )
                    seen += page.ranges(of: "<li><h2>").count
                    let link = page.split(separator: "<a rel=\"next\" href=\"").dropFirst().first
                    path = link.map { String($0.prefix { $0 != "\"" }).replacing("&amp;", with: "&") }
                }
                #expect(seen == 25)
            }
        }
    }

    @Test func styleSheetAndIconMayBeKept() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                let style = try await server.ask(.get, "/pages.css")
                #expect(style.header("Content-Type") == "text/css; charset=utf-8")
                #expect(style.header("Cache-Control")?.contains("immutable") == true)
                #expect(try await server.ask(.get, "/icon.svg").header("Content-Type") == "image/svg+xml")
            }
        }
    }
}
