// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import HummingbirdTesting
import JSONText
import NIOCore
import NIOPosix
import Testing

@testable import RegistryServer

/// Who asks much and takes nothing costs little, and nobody waits for it.
struct PipelineTests {
    private static let count = 400
    private static let padding = 100_000

    /// Pages of both roads: from memory, and of the framework; with many waiting requests in what was read at once.
    @Test(arguments: ["/download/smoke", "/w/smoke"])
    func answersThatNobodyTakesAreNotMade(_ path: String) async throws {
        try await ServerFixture.run { fixture in
            try await fixture.live { server in
                var request = Requests.binary()
                request["config"] = ["x": .string(String(repeating: "a", count: Self.padding))]
                try await server.publish(request)
                #expect(try await server.ask(.get, path).status == 200)
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .channelOption(.socketOption(.so_rcvbuf), value: 64 << 10)
                    .connect(host: "localhost", port: try #require(server.client.port)) { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                        }
                    }
                try await channel.executeThenClose { inbound, outbound in
                    let text = "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n"
                    try await outbound.write(ByteBuffer(string: String(repeating: text, count: Self.count)))
                    var pieces = inbound.makeAsyncIterator()
                    // The server is at them, and answers others meanwhile.
                    var first = try await pieces.next()?.readableBytes ?? 0
                    for _ in 0..<30 {
                        #expect(try await Self.untaken(server) < 1 << 20)
                    }
                    // All of it comes when it is taken.
                    let whole = Self.count * (Self.padding + 100)
                    while first < whole, let piece = try await pieces.next() { first += piece.readableBytes }
                    #expect(first >= whole)
                }
            }
        }
    }

    private static func untaken(_ server: TestedServer) async throws -> Int {
        let text = String(decoding: try await server.ask(.get, "/metrics").bytes, as: UTF8.self)
        let name = "iii_registry_answer_bytes_untaken "
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name) })
        return try #require(Int(line.dropFirst(name.count)))
    }
}
