// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import AsyncHTTPClient
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSONText
import NIOCore
import NIOHTTP1
import NIOPosix
import RegistryServer
import RegistryService
import RegistryStorage
import ServiceLifecycle
import Synchronization
import SystemPackage
import Testing
import WorkerModel

/// What only shows over real connections.
struct LiveTests {
    @Test func publishesAndServesOverTheNetwork() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.live { server in
                let digest = try await server.upload(BlobRouteTests.bytes)
                #expect(try await server.ask(.get, "/blobs/sha256/\(digest)").bytes == BlobRouteTests.bytes)
                #expect(try await server.publish(Requests.binary()).status == 200)
                #expect(try await server.ask(.get, "/download/smoke").json["version"] == "1.2.3")
                #expect(try await server.ask(.get, "/download/none").code == "worker_not_found")
            }
        }
    }

    @Test func ofSixPublishersAtOnceOneWins() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.live { server in
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<6 { group.addTask { try await server.publish(Requests.binary()).status } }
                    return try await group.reduce(into: [Int]()) { $0.append($1) }
                }
                #expect(statuses.sorted() == [200, 409, 409, 409, 409, 409])
            }
        }
    }

    @Test func cutPublicationLeavesNothingAndMayBeRepeated() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.live { server in
                let body = JSONValue.object(Requests.binary()).bytes()
                let head = """
                    POST /publish HTTP/1.1\r\nHost: localhost\r\nX-API-Key: \(fixture.key)\r\n\
                    Content-Length: \(body.count)\r\n\r\n
                    """
                let port = try #require(server.client.port)
                for length in [0, 1, body.count / 2, body.count - 1] {
                    try await RawConnection.send(Array(head.utf8) + body.prefix(length), to: port) {}
                    #expect(try await server.ask(.get, "/w/smoke").code == "worker_not_found")
                }
                #expect(try await server.publish(Requests.binary()).status == 200)
                #expect(try await server.publish(Requests.binary()).json["error"]?["identical"] == true)
                #expect(
                    try await server.ask(.get, "/w/smoke/events").json["events"]?.text().contains("published") == true
                )
            }
        }
    }

    @Test func cutUploadIsNotSeenAndGoesOnWhereItStopped() async throws {
        let probe = FlowProbe()
        try await ServerFixture.run(over: { WatchedBlobStore(store: $0, probe: probe) }) { fixture in
            try await fixture.live { server in
                let digest = Digest.sha256(BlobRouteTests.bytes)
                let head = """
                    PUT /blobs/sha256/\(digest) HTTP/1.1\r\nHost: localhost\r\nX-API-Key: \(fixture.key)\r\n\
                    Content-Length: \(BlobRouteTests.bytes.count)\r\n\r\n
                    """
                let port = try #require(server.client.port)
                // Cut before the server has begun with it, a request leaves no line in the log.
                try await RawConnection.send(Array(head.utf8) + BlobRouteTests.bytes.prefix(100_000), to: port) {
                    await probe.waitForStored()
                }
                let line = await fixture.log.first { $0["message"] == "request" && $0["http.method"] == "PUT" }
                // By the digest, or, where the connection notices first, by the length.
                #expect(line?["http.status"] == "422" || line?["http.status"] == "400")
                #expect(try await server.ask(.head, "/blobs/sha256/\(digest)").status == 404)
                let arrived = try await server.offset(of: BlobRouteTests.bytes)
                #expect(arrived > 0 && arrived <= 100_000)
                let rest = Array(BlobRouteTests.bytes[arrived...])
                let answer = try await server.patch(digest, at: arrived, rest)
                #expect(answer.status == 200 && answer.json["stored"] == true)
                #expect(try await server.ask(.get, "/blobs/sha256/\(digest)").bytes == BlobRouteTests.bytes)
                #expect(try TestFolder.files(below: fixture.folder.appending("blobs")).count == 1)
            }
        }
    }

    @Test func accountHasOnlySoManyUploadsAtOnce() async throws {
        let probe = FlowProbe()
        let watched = { @Sendable (store: any BlobStore) -> any BlobStore in
            WatchedBlobStore(store: store, probe: probe)
        }
        try await ServerFixture.run(limits: ServerLimits(uploadsAtOnce: 1), over: watched) { fixture in
            try await fixture.live { server in
                let other = Array("other".utf8)
                let path = "/blobs/sha256/\(Digest.sha256(other))"
                let head = """
                    PUT /blobs/sha256/\(Digest.sha256(BlobRouteTests.bytes)) HTTP/1.1\r\nHost: localhost\r\n\
                    X-API-Key: \(fixture.key)\r\nContent-Length: \(BlobRouteTests.bytes.count)\r\n\r\n
                    """
                let port = try #require(server.client.port)
                try await RawConnection.send(Array(head.utf8) + BlobRouteTests.bytes.prefix(100_000), to: port) {
                    await probe.waitForStored()
                    let refused = try? await server.ask(.put, path, as: .publisher, other)
                    #expect(refused?.status == 429 && refused?.header("Retry-After") == "1")
                    // Another account has its own.
                    let stranger = try? await server.ask(.put, path, as: .stranger, other)
                    #expect(stranger?.status == 200)
                }
                _ = await fixture.log.first { $0["message"] == "request" && $0["http.method"] == "PUT" }
                let last = Array("last".utf8)
                var status = 429
                // The cut upload is given up a moment after its connection.
                for _ in 0..<1000 where status == 429 {
                    status = try await server.ask(.put, "/blobs/sha256/\(Digest.sha256(last))", as: .publisher, last)
                        .status
                }
                #expect(status == 200)
            }
        }
    }

    @Test func uploadsNeedTheSameMemoryWhateverTheirSize() async throws {
        let probe = FlowProbe()
        try await ServerFixture.run(over: { WatchedBlobStore(store: $0, probe: probe) }) { fixture in
            try await fixture.live { server in
                let (piece, count) = (Array(repeating: UInt8(7), count: 128 << 10), 1024)
                var hasher = DigestHasher()
                for _ in 0..<count { hasher.update(piece) }
                let digest = hasher.finalize()
                let head = """
                    PUT /blobs/sha256/\(digest) HTTP/1.1\r\nHost: localhost\r\nX-API-Key: \(fixture.key)\r\n\
                    Connection: close\r\nContent-Length: \(piece.count * count)\r\n\r\n
                    """
                let port = try #require(server.client.port)
                let answer = try await RawConnection.exchange(
                    Array(head.utf8),
                    with: port,
                    sending: { channel in
                        for _ in 0..<count {
                            // What the client itself has not yet given to its socket is not under way.
                            try await channel.writeAndFlush(ByteBuffer(bytes: piece)).get()
                            probe.noteSent(piece.count)
                        }
                    }
                )
                #expect(answer.hasPrefix("HTTP/1.1 200 "))
                #expect(try await server.ask(.head, "/blobs/sha256/\(digest)").status == 200)
            }
        }
        #expect(probe.largestPiece <= 1 << 20)
        // Sent and not yet stored: what the sockets of both sides hold, and a few pieces.
        #expect(probe.mostUnderWay <= 64 << 20)
    }

    @Test func largeRequestIsRefusedBeforeItArrives() async throws {
        let limits = ServerLimits(upload: .mebibytes(1), linger: .milliseconds(200))
        try await ServerFixture.run(limits: limits) { fixture in
            try await fixture.live { server in
                let head = """
                    PUT /blobs/sha256/\(RouteTests.hex) HTTP/1.1\r\nHost: localhost\r\nX-API-Key: \(fixture.key)\r\n\
                    Content-Length: 9000000000\r\n\r\n
                    """
                let port = try #require(server.client.port)
                // The answer comes though nothing of the body was sent, and the server ends the connection.
                let answer = try await RawConnection.exchange(Array(head.utf8), with: port)
                #expect(answer.hasPrefix("HTTP/1.1 413 "))
                #expect(answer.contains("too_large"))
                #expect(answer.lowercased().contains("connection: close"))
            }
        }
    }

    @Test func whoAsksBeforeItSendsIsToldToGoOn() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.live { server in
                let requests = """
                    PUT /blobs/sha256/\(Digest.sha256(Array("bytes".utf8))) HTTP/1.1\r\nHost: localhost\r\n\
                    X-API-Key: \(fixture.key)\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nbytes\
                    GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n
                    """
                let answers = try await RawConnection.exchange(
                    Array(requests.utf8),
                    with: try #require(server.client.port)
                )
                let starts = answers.split(separator: "\r\n").filter { $0.contains("HTTP/1.1 ") }
                    .map { $0[($0.firstRange(of: "HTTP/1.1 ")?.upperBound ?? $0.startIndex)...].prefix(3) }
                #expect(starts == ["100", "200", "200"], "\(answers)")
                #expect(answers.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), "\(answers)")
            }
        }
    }

    /// What follows such an answer on its connection is the answer to the next request.
    @Test(arguments: ["/blobs/sha256/\(RouteTests.hex)", "/blobs/sha256/short", "/w/nobody", "/nothing", "/whoami"])
    func answersToHEADHaveNoBody(path: String) async throws {
        try await ServerFixture.run { fixture in
            try await fixture.live { server in
                let requests = """
                    HEAD \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n\
                    GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n
                    """
                let answers = try await RawConnection.exchange(
                    Array(requests.utf8),
                    with: try #require(server.client.port)
                )
                let parts = answers.components(separatedBy: "\r\n\r\n")
                #expect(parts.first?.hasPrefix("HTTP/1.1 4") == true, "\(answers)")
                #expect(parts.dropFirst().first?.hasPrefix("HTTP/1.1 200 ") == true, "\(answers)")
            }
        }
    }

    @Test func silentConnectionIsClosed() async throws {
        try await ServerFixture.run(limits: ServerLimits(idle: .milliseconds(200))) { fixture in
            try await fixture.live { server in
                let port = try #require(server.client.port)
                #expect(try await RawConnection.exchange([], with: port) == "")
                #expect(try await RawConnection.exchange(Array("GET /w/smoke HTTP/1.1\r\nHo".utf8), with: port) == "")
            }
        }
    }

    @Test func tooManyHeadersEndTheConnection() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.live { server in
                let fields = (0..<200).map { "X-Field-\($0): value\r\n" }.joined()
                let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n"
                let answer = try await RawConnection.exchange(
                    Array(request.utf8),
                    with: try #require(server.client.port)
                )
                #expect(answer.hasPrefix("HTTP/1.1 400 "))
            }
        }
    }

    @Test func stopsAfterTheRequestsUnderWay() async throws {
        let gate = Gate()
        try await ServerFixture.run(over: { WatchedBlobStore(store: $0, gate: gate) }) { fixture in
            let (ports, port) = AsyncStream<Int>.makeStream()
            let application = fixture.server.application(at: ListenAddress(host: "127.0.0.1", port: 0)) {
                port.yield($0)
            }
            let group = ServiceGroup(
                configuration: .init(services: [fixture.server.companion(), application], logger: fixture.log.logger)
            )
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                let listening = try #require(await ports.first { _ in true })
                let digest = Digest.sha256([1, 2, 3])
                async let status = Self.put([1, 2, 3], digest, listening, fixture.key)
                await gate.reached()
                await group.triggerGracefulShutdown()
                gate.open()
                #expect(try await status == 200)
                try await tasks.waitForAll()
                #expect(try await fixture.service.blobs.contains(digest))
            }
        }
    }

    private static func put(_ bytes: [UInt8], _ digest: Digest, _ port: Int, _ key: String) async throws -> Int {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/blobs/sha256/\(digest)")
        request.method = .PUT
        request.headers.add(name: "X-API-Key", value: key)
        request.body = .bytes(ByteBuffer(bytes: bytes))
        return Int(try await HTTPClient.shared.execute(request, timeout: .seconds(20)).status.code)
    }
}
