// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import FoundationEssentials
import HummingbirdTesting
import JSONText
import NIOCore
import Testing
import WorkerModel

@testable import RegistryServer

/// The front and the framework read the same of the same bytes: what one of them takes for the end of a request the other
/// does not take for its middle.
struct ReaderDifferenceTests {
    /// Ends every exchange: the server answers it, or has stopped listening before.
    private static let last = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    /// Both servers over one registry, at ports of their own.
    private func run(_ body: @Sendable (_ front: Int, _ framework: Int) async throws -> Void) async throws {
        try await ServerFixture.run(limits: ServerLimits(linger: .milliseconds(50))) { fixture in
            try await fixture.live { server in
                try await server.publish(Requests.binary())
                var framework = fixture.server
                framework.hasFront = false
                let front = try #require(server.client.port)
                try await framework.application(at: .standard).test(.ahc()) { client in
                    try await body(front, try #require(client.port))
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

    @Test(arguments: [
        "9223372036854775808", "18446744073709551615", "99999999999999999999999", "-1", "+1", "0x10", "1 1", "",
    ])
    func lengthThatNoBodyHasIsRefused(_ length: String) async throws {
        try await run { front, framework in
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
        try await run { front, framework in
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
}
