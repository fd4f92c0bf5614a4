// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Testing
import Transport
import TransportTestSupport
import WorkerModel

@testable import Downloads

/// The real client against a real server on loopback.
@Suite struct LiveTransportTests {
    private func configuration(
        registry: String? = nil,
        allowsLoopback: Bool = true,
        idle: Duration = .seconds(60)
    ) throws -> LiveTransport.Configuration {
        let policy = ContactPolicy(
            registries: Set(try registry.map { [try RemoteURL(parsing: $0).origin] } ?? []),
            allowsLoopback: allowsLoopback
        )
        var configuration = LiveTransport.Configuration(policy: policy, userAgent: "iii-test/1")
        configuration.limits.idle = idle
        return configuration
    }

    private func send(
        _ request: TransportRequest,
        _ configuration: LiveTransport.Configuration
    ) async throws -> (status: Int, body: [UInt8]) {
        try await LiveTransport.with(configuration) { transport in
            let response = try await transport.send(request)
            return (response.status, try await response.body.collect(upTo: .mebibytes(64)))
        }
    }

    private func get(_ url: String, purpose: TransportRequest.Purpose = .artifact) throws -> TransportRequest {
        TransportRequest(.get, try RemoteURL(parsing: url), purpose: purpose)
    }

    /// The reason with which `body` fails.
    private func reason(_ body: () async throws -> Void) async -> TransportError.Reason? {
        do {
            try await body()
            return nil
        } catch { return (error as? TransportError)?.reason }
    }

    @Test func sendsWhatItIsGiven() async throws {
        try await LoopbackServer.with(answer: { _ in .answer(201, ["X-Answer": "yes"], Array("made".utf8)) }) {
            server in
            var request = try get(server.url + "/a%20b?q=1")
            request.method = .put
            request.headers = ["X-Field": "v"]
            request.credentials = [.init(name: "X-API-Key", value: .init("iii_secret"))]
            request.body = .bytes(Array("body".utf8))
            let answer = try await send(request, try configuration())
            #expect(answer.status == 201 && answer.body == Array("made".utf8))
            let received = try #require(server.requests.first)
            #expect(received.target == "/a%20b?q=1" && received.method == "PUT")
            #expect(received.headers["X-API-Key"] == "iii_secret")
            #expect(received.headers["User-Agent"] == "iii-test/1")
            #expect(received.headers["Host"] == "127.0.0.1:\(server.port)")
            #expect(received.body == Array("body".utf8))
        }
    }

    @Test func streamsABodyWithItsLength() async throws {
        let bytes = [UInt8](repeating: 5, count: 3 << 20)
        try await LoopbackServer.with(answer: { _ in .answer() }) { server in
            var request = try get(server.url)
            request.method = .put
            request.body = .stream(length: ByteCount(bytes.count), BodyStream(bytes))
            _ = try await send(request, try configuration())
            #expect(server.requests.first?.body.count == bytes.count)
            #expect(server.requests.first?.headers["Content-Length"] == "\(bytes.count)")
        }
    }

    @Test func headHasNoBody() async throws {
        let head: [LoopbackServer.Step] = [.send([LoopbackServer.Step].head(length: 1000))]
        try await LoopbackServer.with(answer: { _ in head }) { server in
            var request = try get(server.url)
            request.method = .head
            #expect(try await send(request, try configuration()).status == 200)
        }
    }

    @Test func readsChunksWithoutLength() async throws {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
        try await LoopbackServer.with(answer: { _ in [.send(Array(text.utf8))] }) { server in
            let answer = try await send(try get(server.url), try configuration())
            #expect(answer.body == Array("abcdefg".utf8))
        }
    }

    @Test func readsUntilTheEndWithoutLength() async throws {
        let head = [LoopbackServer.Step].head(length: nil)
        try await LoopbackServer.with(answer: { _ in [.send(head + [1, 2, 3]), .close] }) { server in
            let answer = try await send(try get(server.url), try configuration())
            #expect(answer.body == [1, 2, 3])
        }
    }

    struct Failure: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let steps: [LoopbackServer.Step]
        let expected: TransportError.Reason
    }

    static let failures: [Failure] = [
        Failure(testDescription: "closed at once", steps: [.close], expected: .cut),
        Failure(testDescription: "reset at once", steps: [.reset], expected: .cut),
        Failure(
            testDescription: "closed in the head",
            steps: [.send(Array("HTTP/1.1 200".utf8)), .close],
            expected: .cut
        ),
        Failure(
            testDescription: "closed in the body",
            steps: [.send([LoopbackServer.Step].head(length: 10) + [1, 2]), .close],
            expected: .cut
        ),
        Failure(
            testDescription: "closed in a chunk",
            steps: [.send(Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab".utf8)), .close],
            expected: .cut
        ),
        Failure(testDescription: "no answer", steps: [.hang], expected: .timedOut(.answer)),
        Failure(
            testDescription: "half a head",
            steps: [.send(Array("HTTP/1.1 200 OK\r\nX: ".utf8)), .hang],
            expected: .timedOut(.answer)
        ),
        Failure(
            testDescription: "half a body",
            steps: [.send([LoopbackServer.Step].head(length: 10) + [1, 2]), .hang],
            expected: .timedOut(.answer)
        ),
        Failure(
            testDescription: "a head without end",
            steps: [.send(Array("HTTP/1.1 200 OK\r\nX: ".utf8) + [UInt8](repeating: 0x61, count: 1 << 20)), .hang],
            expected: .malformedAnswer
        ),
        Failure(
            testDescription: "headers without end",
            steps: [
                .send(
                    Array("HTTP/1.1 200 OK\r\n".utf8) + Array(repeatElement("X: y\r\n", count: 1 << 16).joined().utf8)
                ), .hang,
            ],
            expected: .malformedAnswer
        ),
        Failure(
            testDescription: "a chunk size without end",
            steps: [
                .send(
                    Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
                        + [UInt8](repeating: 0x30, count: 1 << 20)
                ),
                .hang,
            ],
            expected: .timedOut(.answer)
        ),
        Failure(
            testDescription: "no HTTP",
            steps: [.send(Array("SSH-2.0-x\r\n".utf8)), .close],
            expected: .malformedAnswer
        ),
    ]

    @Test(arguments: failures) func namesWhatWentWrong(_ failure: Failure) async throws {
        try await LoopbackServer.with(answer: { _ in failure.steps }) { server in
            // Only where nothing comes is the wait to be short: what comes may come slowly.
            let idle: Duration = failure.expected == .timedOut(.answer) ? .milliseconds(200) : .seconds(60)
            let found = await reason { _ = try await send(try get(server.url), try configuration(idle: idle)) }
            #expect(found == failure.expected)
        }
    }

    @Test func saysThatAConnectionWasRefused() async throws {
        let url = try await LoopbackServer.with(answer: { _ in [] }) { $0.url }
        let found = await reason { _ = try await send(try get(url), try configuration()) }
        #expect(found == .noConnection("the connection was refused"))
    }

    @Test func cancelsWhatHangs() async throws {
        try await LoopbackServer.with(answer: { _ in [.send([LoopbackServer.Step].head(length: 10) + [1]), .hang] }) {
            server in
            try await LiveTransport.with(try configuration()) { transport in
                let response = try await transport.send(try get(server.url))
                let (started, continuation) = AsyncStream.makeStream(of: Void.self)
                let reading = Task {
                    for try await _ in response.body { continuation.yield() }
                }
                for await _ in started { break }
                reading.cancel()
                await #expect(throws: CancellationError.self) { try await reading.value }
            }
        }
    }
}
