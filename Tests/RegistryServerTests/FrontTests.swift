// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import HummingbirdTesting
import JSONText
import NIOCore
import RegistryService
import Testing
import WorkerModel

@testable import RegistryServer

/// The front reads only what is plain, and ends where the head ends.
struct FrontRequestTests {
    private static func parse(_ text: String, limit: Int = 1000, fields: Int = 10) -> FrontRequest.Outcome {
        Array(text.utf8).withUnsafeBytes { FrontRequest.parse($0, upTo: limit, fields: fields) }
    }

    private static func request(_ text: String) -> FrontRequest? {
        if case .request(let request) = parse(text) { request } else { nil }
    }

    @Test func readsAPlainHead() throws {
        let text =
            "GET /download/pdf?version=1 HTTP/1.1\r\nHost: a\r\nIF-none-match:  \"x\" \r\nRange: bytes=0-1\r\n\r\nrest"
        let request = try #require(Self.request(text))
        let bytes = Array(text.utf8)
        func at(_ span: Range<Int>?) -> String? { span.map { String(decoding: bytes[$0], as: UTF8.self) } }
        #expect(at(request.target) == "/download/pdf?version=1")
        #expect(at(request.ifNoneMatch) == "\"x\"" && at(request.range) == "bytes=0-1" && request.ifRange == nil)
        #expect(request.length == bytes.count - 4 && !request.isHead)
        #expect(Self.request("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n")?.isHead == true)
    }

    @Test func knowsHowLongABodyIs() {
        let put = Self.request("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n")
        #expect(put?.method == .other && put?.bodyLength == 12)
        let get = Self.request("GET /a HTTP/1.1\r\nHost: a\r\ncontent-length: 1\r\n\r\n")
        #expect(get?.method == .other && get?.bodyLength == 1)
        #expect(Self.request("GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")?.method == .get)
    }

    @Test func waitsForTheEndOfTheHead() {
        let text = "GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
        for count in 0..<text.utf8.count {
            let part = String(decoding: text.utf8.prefix(count), as: UTF8.self)
            #expect(Self.parse(part) == .incomplete, "\(count) bytes")
        }
        #expect(Self.request(text) != nil)
    }

    @Test(arguments: [
        "post / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / x HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX y: z\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: z\r\n\r\n", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\ntransfer-ENCODING: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\nRange: bytes=2-3\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\u{7F} HTTP/1.1\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\n",
    ])
    func leavesWhatIsNotPlainToTheFramework(_ text: String) {
        #expect(Self.parse(text) == .unusual)
    }

    @Test func keepsTheLimitsOfTheServer() {
        let text = "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\n\r\n"
        #expect(Self.parse(text, fields: 2) == .unusual)
        #expect(Self.parse(text, limit: 30) == .unusual)
        #expect(Self.parse(String(repeating: "a", count: 31), limit: 30) == .unusual)
    }

    @Test func datesAreThoseOfHTTP() {
        #expect(HTTPDate.text(seconds: 0) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(HTTPDate.text(seconds: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.text(seconds: 1_709_251_199) == "Thu, 29 Feb 2024 23:59:59 GMT")
    }

    @Test func idsOfRequestsAreAllDifferent() {
        var id = FrontRequestID()
        var seen: Set<[UInt8]> = []
        for _ in 0..<70_000 {
            id.advance()
            #expect(id.digits.count == FrontRequestID.length)
            seen.insert(id.digits)
        }
        #expect(seen.count == 70_000)
    }
}

/// What the front answers is what the framework would have, in the order of the questions, and never what was before.
struct FrontTests {
    private static let names: Set<String> = ["date", "x-request-id"]

    private func run(
        limits: ServerLimits = .standard,
        _ body: @Sendable @escaping (TestedServer) async throws -> Void
    ) async throws {
        try await ServerFixture.run(limits: limits) { fixture in
            try await fixture.live { server in
                try await server.publish(Requests.binary(tag: "latest"))
                try await body(server)
            }
        }
    }

    private static func fields(_ answer: Answer) -> [String: String] {
        var fields: [String: String] = [:]
        for field in answer.response.headers where !names.contains(field.name.canonicalName) {
            fields[field.name.canonicalName] = field.value
        }
        return fields
    }

    @Test(arguments: ["/download/smoke", "/download/smoke?version=1.2.3", "/download/smoke?ci=true&version=^1"])
    func answersAsTheFrameworkDoes(_ path: String) async throws {
        try await run { server in
            for method in [HTTPRequest.Method.get, .head] {
                let first = try await server.ask(method, path)
                for _ in 0..<3 {
                    let again = try await server.ask(method, path)
                    #expect(again.status == 200 && again.bytes == first.bytes)
                    #expect(Self.fields(again) == Self.fields(first))
                    #expect(again.header("Date")?.hasSuffix(" GMT") == true)
                    #expect(again.header("X-Request-Id")?.count == 32)
                    #expect(again.header("X-Request-Id") != first.header("X-Request-Id"))
                }
            }
            let tag = try #require(try await server.ask(.get, path).header("ETag"))
            let known = try await server.ask(.get, path, headers: [.ifNoneMatch: "\"other\", \(tag)"])
            #expect(known.status == 304 && known.bytes == [] && known.header("ETag") == tag)
            let counters = server.fixture.server.metrics.front
            #expect(counters.pages.value >= 3 && counters.pageHeads.value >= 3 && counters.notModified.value == 1)
        }
    }

    @Test func whatIsCommittedIsAnsweredAtOnce() async throws {
        try await run { server in
            for patch in 4..<20 {
                for _ in 0..<3 { _ = try await server.ask(.get, "/download/smoke") }
                var request = Requests.binary(tag: "latest")
                request["version"] = .string("1.2.\(patch)")
                #expect(try await server.publish(request).status == 200)
                #expect(try await server.ask(.get, "/download/smoke").json["version"] == .string("1.2.\(patch)"))
            }
            let body: JSONValue = ["version": "1.2.5"]
            #expect(try await server.ask(.put, "/w/smoke/tags/latest", as: .publisher, body.bytes()).status == 200)
            #expect(try await server.ask(.get, "/download/smoke").json["version"] == "1.2.5")
        }
    }

    @Test func everyAnswerCounts() async throws {
        try await run { server in
            for _ in 0..<10 { _ = try await server.ask(.get, "/download/smoke") }
            for _ in 0..<7 { _ = try await server.ask(.get, "/download/smoke?ci=true") }
            for _ in 0..<5 { _ = try await server.ask(.head, "/download/smoke") }
            #expect(try await server.ask(.get, "/w/smoke").json["worker"]?["total_downloads"] == 10)
            try await server.fixture.service.downloads.flush()
            #expect(server.fixture.service.downloads.unwritten == 0)
            _ = try await server.ask(.get, "/download/smoke")
            #expect(try await server.ask(.get, "/w/smoke").json["worker"]?["total_downloads"] == 11)
        }
    }

    /// Requests for memory, for the kernel and for the framework, sent without waiting, in pieces of any size.
    @Test(arguments: [1, 13, 100_000])
    func answersKeepTheOrderOfTheQuestions(_ piece: Int) async throws {
        try await run { server in
            let digest = try await server.upload(BlobRouteTests.bytes)
            let paths = [
                "/healthz", "/download/smoke", "/download/smoke", "/w/smoke", "/blobs/sha256/\(digest)",
                "/download/smoke?version=9.9.9", "/download/smoke", "/blobs/sha256/\(RouteTests.hex)",
                "/w/smoke/versions",
            ]
            _ = try await server.ask(.get, "/download/smoke")
            var bytes: [UInt8] = []
            for (index, path) in paths.enumerated() {
                let last = index == paths.count - 1 ? "Connection: close\r\n" : ""
                bytes += Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-9\r\n\(last)\r\n".utf8)
            }
            let sent = bytes
            let answer = try await RawConnection.exchange([], with: try #require(server.client.port)) { outbound in
                for start in stride(from: 0, to: sent.count, by: piece) {
                    try await outbound.write(.init(bytes: sent[start..<min(start + piece, sent.count)]))
                }
            }
            let statuses = answer.split(separator: "HTTP/1.1 ").map { $0.prefix(3) }
            #expect(statuses == ["200", "200", "200", "200", "206", "404", "200", "404", "200"])
        }
    }

    @Test func blobsComeWholeFromTheKernel() async throws {
        try await run { server in
            let bytes = (0..<5_300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 11) }
            let digest = try await server.upload(bytes)
            let path = "/blobs/sha256/\(digest)"
            let framework = try await server.ask(.head, path)
            let whole = try await server.ask(.get, path)
            #expect(whole.status == 200 && whole.bytes == bytes)
            #expect(Self.fields(whole) == Self.fields(framework))
            for (range, expected) in [("bytes=0-0", 0..<1), ("bytes=-1048577", 4_251_423..<5_300_000)] {
                let part = try await server.ask(.get, path, headers: [.range: range])
                #expect(part.status == 206 && part.bytes == Array(bytes[expected]))
            }
            #expect(try await server.ask(.get, path, headers: [.ifNoneMatch: "\"\(digest)\""]).status == 304)
            #expect(try await server.ask(.get, path, headers: [.range: "bytes=5300000-"]).status == 416)
            #expect(try await server.ask(.get, "/blobs/sha256/\(RouteTests.hex)").code == "blob_not_found")
            #expect(server.fixture.server.metrics.front.blobs.value == 1)
            #expect(server.fixture.server.metrics.front.parts.value == 2)
            let empty = try await server.upload([])
            #expect(try await server.ask(.get, "/blobs/sha256/\(empty)").bytes == [])
        }
    }
}
