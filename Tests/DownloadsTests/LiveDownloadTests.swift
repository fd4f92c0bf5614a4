// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import Synchronization
import Testing
import Transport
import TransportTestSupport
import WorkerModel

@testable import Downloads

/// Downloads over the real network code: what a scripted transport shows, once with real sockets.
@Suite struct LiveDownloadTests {
    @Test func resumesAfterEachCutWithThePartThatIsMissing() async throws {
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let answer: @Sendable (LoopbackServer.Received) -> [LoopbackServer.Step] = { request in
            let range = request.headers["Range"] ?? "bytes=0-"
            let first = Int(range.dropFirst(6).dropLast()) ?? 0
            let rest = Array(bytes[first...])
            let isPart = first > 0
            var head = [LoopbackServer.Step].head(isPart ? 206 : 200, ["ETag": "\"x\""], length: rest.count)
            if isPart {
                head.removeLast(2)
                head += Array("Content-Range: bytes \(first)-\(bytes.count - 1)/\(bytes.count)\r\n\r\n".utf8)
            }
            return rest.count > 100_000 ? [.send(head + rest.prefix(100_000)), .close] : [.send(head + rest)]
        }
        try await LoopbackServer.with(answer: answer) { server in
            let policy = ContactPolicy(allowsLoopback: true)
            try await LiveTransport.with(.init(policy: policy, userAgent: "iii-test/1")) { transport in
                let downloader = Downloader(transport: transport, pacing: .immediate())
                let url = try RemoteURL(parsing: server.url + "/a")
                let download = try await downloader.fetch(ArtifactRequest(url, upTo: .mebibytes(1)))
                #expect(try await readAll(download) == bytes)
                let ranges = server.requests.map { $0.headers["Range"] }
                #expect(ranges.count == 3 && ranges[0] == nil && ranges[2] == "bytes=200000-")
            }
        }
    }

    /// A cut costs what was on its way, not what had arrived.
    @Test func aTransferOf256MiBThatIsCutAtHalfCostsAtMostHalfMore() async throws {
        let (total, half) = (256 << 20, 128 << 20)
        let piece = [UInt8](repeating: 7, count: 1 << 20)
        let served = Mutex(0)
        let answer: @Sendable (LoopbackServer.Received) -> [LoopbackServer.Step] = { request in
            let first = Int((request.headers["Range"] ?? "bytes=0-").dropFirst(6).dropLast()) ?? 0
            let last = first == 0 ? half : total
            var head = [LoopbackServer.Step].head(first > 0 ? 206 : 200, ["ETag": "\"x\""], length: total - first)
            if first > 0 {
                head.removeLast(2)
                head += Array("Content-Range: bytes \(first)-\(total - 1)/\(total)\r\n\r\n".utf8)
            }
            served.withLock { $0 += last - first }
            var steps: [LoopbackServer.Step] = [.send(head)]
            var place = first
            while place < last {
                let count = min(piece.count, last - place)
                steps.append(.send(count == piece.count ? piece : Array(piece.prefix(count))))
                place += count
            }
            return steps + (first == 0 ? [.close] : [])
        }
        try await LoopbackServer.with(answer: answer) { server in
            let policy = ContactPolicy(allowsLoopback: true)
            try await LiveTransport.with(.init(policy: policy, userAgent: "iii-test/1")) { transport in
                let url = try RemoteURL(parsing: server.url + "/a")
                let request = ArtifactRequest(url, upTo: .mebibytes(512))
                var received = 0
                for try await piece in try await Downloader(transport: transport, pacing: .immediate()).fetch(request)
                    .body
                {
                    received += piece.readableBytes
                }
                #expect(received == total)
                #expect(server.requests.count == 2)
                let cost = served.withLock { $0 }
                #expect(cost * 100 <= total * 151, "\(cost) bytes were served")
            }
        }
    }

    @Test func stopsReadingBeyondTheLimit() async throws {
        let head = [LoopbackServer.Step].head(length: nil)
        let piece = [UInt8](repeating: 0, count: 1 << 20)
        try await LoopbackServer.with(answer: { _ in [.send(head), .send(piece), .send(piece), .hang] }) { server in
            let policy = ContactPolicy(allowsLoopback: true)
            try await LiveTransport.with(.init(policy: policy, userAgent: "iii-test/1")) { transport in
                let url = try RemoteURL(parsing: server.url + "/a")
                let download = try await Downloader(transport: transport).fetch(
                    ArtifactRequest(url, upTo: .mebibytes(1))
                )
                await #expect(throws: DownloadError.self) { try await readAll(download) }
            }
        }
    }
}
