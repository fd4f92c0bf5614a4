// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import FoundationEssentials
import HummingbirdTesting
import JSONText
import NIOCore
import TestSupport
import Testing
import WorkerModel

@testable import RegistryServer

/// The front and the framework read the same of the same bytes: what one of them takes for the end of a request the other
/// does not take for its middle.
struct ReaderDifferenceTests {
    /// Ends every exchange: the server answers it, or has stopped listening before.
    private static let last = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    /// Both servers over one registry, at ports of their own.
    private func run(
        _ body: @Sendable (_ front: Int, _ framework: Int, _ blob: String) async throws -> Void
    ) async throws {
        try await ServerFixture.run(limits: ServerLimits(linger: .milliseconds(50))) { fixture in
            try await fixture.live { server in
                try await server.publish(Requests.binary())
                let digest = try await server.upload(BlobRouteTests.bytes)
                var framework = fixture.server
                framework.hasFront = false
                let front = try #require(server.client.port)
                try await framework.application(at: .standard).test(.ahc()) { client in
                    try await body(front, try #require(client.port), "/blobs/sha256/\(digest)")
                }
            }
        }
    }

    /// What came back, without what differs between any two answers.
    private static func answer(to bytes: [UInt8], from port: Int) async -> String {
        let text = (try? await RawConnection.exchangeAll(bytes, with: port)) ?? "no answer"
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false).filter { line in
            let name = line.prefix { $0 != ":" }.lowercased()
            return name != "date" && name != "x-request-id"
        }
        return lines.joined(separator: "\n").replacing(/"request_id":"[0-9a-f]+"/, with: "")
    }

    /// The same with the fields of each head in one order: they have none.
    private static func sortedAnswer(to bytes: [UInt8], from port: Int) async -> [[String]] {
        await answer(to: bytes, from: port).components(separatedBy: "\n\n").map { block in
            block.components(separatedBy: "\n").sorted()
        }
    }

    private static func requests(_ blob: String) -> [String] {
        [
            "GET /download/smoke HTTP/1.1\r\nHost: localhost\r\nUser-Agent: x/1.0 (a; b)\r\nAccept: */*\r\n\r\n",
            "GET /download/smoke?version=^1&ci=true HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"x\", \"y\"\r\n\r\n",
            "HEAD /download/smoke HTTP/1.1\r\nHost: a:80\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
            "GET \(blob) HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
            "POST /resolve HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n"
                + #"{"worker":"smoke"}"#,
            "POST /resolve HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "12\r\n" + #"{"worker":"smoke"}"# + "\r\n0\r\n\r\n",
            "GET /w/smoke/versions HTTP/1.1\r\nHost: a\r\n\r\n",
            "PUT /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        ]
    }

    /// How many mutated requests each of the eight tests sends.
    private static let count = 80

    @Test(arguments: 0..<8) func mutatedRequestsAreReadAlike(_ index: Int) async throws {
        try await run { front, framework, blob in
            let requests = Self.requests(blob)
            var generator = SeededGenerator(seed: UInt64(index))
            for number in 0..<Self.count {
                // Two in a row: what is left of the first is the beginning of the second.
                let second = requests[Int(generator.next() % UInt64(requests.count))]
                var bytes = Array((requests[index] + second).utf8)
                for _ in 0...generator.next() % 3 { RequestMutation.apply(to: &bytes, &generator) }
                bytes += Self.last.utf8
                let sent = bytes
                async let one = Self.sortedAnswer(to: sent, from: front)
                async let other = Self.sortedAnswer(to: sent, from: framework)
                let (ours, theirs) = await (one, other)
                #expect(ours == theirs, "\(number): \(String(decoding: sent, as: UTF8.self).debugDescription)")
            }
        }
    }

    @Test(arguments: [
        "9223372036854775808", "18446744073709551615", "99999999999999999999999", "-1", "+1", "0x10", "1 1", "",
    ])
    func lengthThatNoBodyHasIsRefused(_ length: String) async throws {
        try await run { front, framework, _ in
            for (method, path) in [("POST", "/resolve"), ("GET", "/download/smoke"), ("PUT", "/nothing")] {
                let text = "\(method) \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n" + Self.last
                for port in [front, framework] {
                    let answer = await Self.answer(to: Array(text.utf8), from: port)
                    #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
                    #expect(answer.lowercased().contains("connection: close"))
                    #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2, "\(answer)")
                }
            }
        }
    }

    @Test(arguments: ["close", "Close", "keep-alive, close", "close, x", " close "])
    func nothingBehindTheLastRequestIsAnswered(_ value: String) async throws {
        try await run { front, framework, _ in
            for rest in [Self.last, "GARBAGE\r\n\r\n", "\u{0}"] {
                let text = "GET /download/smoke HTTP/1.1\r\nHost: a\r\nConnection: \(value)\r\n\r\n" + rest
                for port in [front, framework] {
                    let answer = await Self.answer(to: Array(text.utf8), from: port)
                    #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
                    #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2, "\(answer)")
                    #expect(answer.lowercased().contains("\nconnection: close\n"), "\(answer)")
                }
            }
        }
    }

    /// An answer that says `close` of its own is the last one, whatever else came.
    @Test func nothingBehindAnAnswerThatSaysCloseIsAnswered() async throws {
        try await run { front, framework, _ in
            let waiting = "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"
            let long = "Content-Length: 2000000\r\n\r\n" + String(repeating: " ", count: 2_000_000)
            for rest in [waiting, long] {
                let text = "POST /publish HTTP/1.1\r\nHost: a\r\n" + rest + Self.last
                for port in [front, framework] {
                    let answer = await Self.answer(to: Array(text.utf8), from: port)
                    #expect(answer.hasPrefix("HTTP/1.1 401 "), "\(answer)")
                    #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2, "\(answer)")
                    #expect(answer.lowercased().contains("\nconnection: close\n"), "\(answer)")
                }
            }
        }
    }
}
