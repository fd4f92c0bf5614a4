// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import FoundationEssentials
import NIOCore
import NIOSSL
import Synchronization
import TestSupport
import Testing
import Transport
import TransportTestSupport
import WorkerModel

@testable import Downloads

/// Waits for nothing else.
private func untilCancelled() async {
    let (never, continuation) = AsyncStream.makeStream(of: Void.self)
    for await _ in never {}
    continuation.finish()
}

/// The real client against a real server on loopback.
@Suite struct LiveTransportTests {
    private func configuration(
        registry: String? = nil,
        allowsLoopback: Bool = true,
        idle: Duration = .seconds(10)
    ) throws -> LiveTransport.Configuration {
        let policy = ContactPolicy(
            configuredRegistry: try registry.map { try RemoteURL(parsing: $0) },
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
            let found = await reason {
                _ = try await send(try get(server.url), try configuration(idle: .milliseconds(200)))
            }
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

/// Addresses, names and redirects, decided before anything is sent.
@Suite struct LiveContactTests {
    private func configuration(
        _ names: [String: [String]] = [:],
        registry: String? = nil,
        allowsLoopback: Bool = false
    ) throws -> LiveTransport.Configuration {
        let policy = ContactPolicy(
            configuredRegistry: try registry.map { try RemoteURL(parsing: $0) },
            allowsLoopback: allowsLoopback
        )
        var configuration = LiveTransport.Configuration(policy: policy, userAgent: "iii-test/1")
        let table = try names.mapValues { try $0.map { try #require(IPAddress($0)) } }
        configuration.resolver = NameResolver { table[$0] ?? [] }
        return configuration
    }

    private func status(
        of url: String,
        _ configuration: LiveTransport.Configuration,
        purpose: TransportRequest.Purpose = .artifact
    ) async throws -> Int {
        try await LiveTransport.with(configuration) { transport in
            var request = TransportRequest(.get, try RemoteURL(parsing: url), purpose: purpose)
            request.credentials = [.init(name: "X-API-Key", value: .init("secret"))]
            return try await transport.send(request).status
        }
    }

    private func reason(
        of url: String,
        _ configuration: LiveTransport.Configuration,
        purpose: TransportRequest.Purpose = .artifact
    ) async -> TransportError.Reason? {
        do {
            _ = try await status(of: url, configuration, purpose: purpose)
            return nil
        } catch { return (error as? TransportError)?.reason }
    }

    @Test func contactsNobodyThatIsRefused() async throws {
        try await LoopbackServer.with(answer: { _ in .answer() }) { server in
            let names = ["inside.example": ["127.0.0.1"], "localhost": ["127.0.0.1"]]
            for host in ["127.0.0.1", "inside.example", "localhost"] {
                let found = await reason(of: "http://\(host):\(server.port)/", try configuration(names))
                #expect(found == .refusedAddress("127.0.0.1", range: SpecialRange.loopback.rawValue))
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test func connectsToTheAddressThatWasChecked() async throws {
        try await LoopbackServer.with(answer: { _ in .answer() }) { server in
            let configuration = try configuration(["name.example": ["127.0.0.1"]], allowsLoopback: true)
            #expect(try await status(of: "http://name.example:\(server.port)/", configuration) == 200)
            #expect(server.requests.first?.headers["Host"] == "name.example:\(server.port)")
        }
    }

    @Test func goesOnToTheNextAddress() async throws {
        try await LoopbackServer.with(answer: { _ in .answer() }) { server in
            // Nothing listens at the first one.
            let configuration = try configuration(["name.example": ["127.0.0.9", "127.0.0.1"]], allowsLoopback: true)
            #expect(try await status(of: "http://name.example:\(server.port)/", configuration) == 200)
        }
    }

    @Test func unknownNamesAreToldApart() async throws {
        #expect(await reason(of: "https://nowhere.example/", try configuration()) == .unknownHost)
    }

    @Test func artifactsBesideALoopbackRegistryComeOverHTTPWithOneWarning() async throws {
        try await LoopbackServer.with(answer: { _ in .answer() }) { server in
            let warnings = Mutex<[String]>([])
            var configuration = try configuration(registry: "http://127.0.0.1:1")
            configuration.onPlainHTTP = { url in warnings.withLock { $0.append(url.description) } }
            try await LiveTransport.with(configuration) { transport in
                for path in ["/a?secret", "/b"] {
                    let url = try RemoteURL(parsing: server.url + path)
                    #expect(try await transport.send(TransportRequest(.get, url, purpose: .artifact)).status == 200)
                }
            }
            #expect(warnings.withLock { $0 } == ["\(server.url)/a"])
        }
    }

    @Test func aRegistryOnLoopbackIsTalkedToWithoutWarning() async throws {
        try await LoopbackServer.with(answer: { _ in .answer() }) { server in
            var configuration = try configuration(registry: server.url)
            configuration.onPlainHTTP = { Issue.record("warned of \($0)") }
            #expect(try await status(of: server.url + "/resolve", configuration, purpose: .registry) == 200)
        }
    }

    @Test func followsRedirectsAndDropsKeysElsewhere() async throws {
        try await LoopbackServer.with(answer: { _ in .answer(200, [:], [1]) }) { other in
            let target = "http://localhost:\(other.port)/there"
            try await LoopbackServer.with(answer: { request in
                request.path == "/" ? .answer(302, ["Location": "/near"]) : .answer(307, ["Location": target])
            }) { server in
                let configuration = try configuration(["localhost": ["127.0.0.1"]], allowsLoopback: true)
                #expect(try await status(of: server.url, configuration) == 200)
                #expect(server.requests.map { $0.headers["X-API-Key"] } == ["secret", "secret"])
                #expect(other.requests.map { $0.headers["X-API-Key"] } == [nil])
            }
        }
    }

    @Test func endsRedirectLoops() async throws {
        try await LoopbackServer.with(answer: { _ in .answer(302, ["Location": "/again"]) }) { server in
            let found = await reason(of: server.url, try configuration(allowsLoopback: true))
            #expect(found == .tooManyRedirects(limit: 5))
            #expect(server.requests.count == 6)
        }
    }

    @Test(arguments: [
        "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data", "https://[::ffff:127.0.0.1]/",
        "https://inside.example/",
    ])
    func checksTheTargetOfARedirect(_ target: String) async throws {
        try await LoopbackServer.with(answer: { _ in .answer(302, ["Location": target]) }) { server in
            let configuration = try configuration(["inside.example": ["192.168.0.1"]], allowsLoopback: true)
            guard case .refusedAddress = await reason(of: server.url, configuration) else {
                Issue.record("\(target) was not refused")
                return
            }
        }
    }

    @Test(arguments: ["ftp://e.org/", "http://u:p@e.org/", "https://127.1/"])
    func refusesRedirectsToWhatIsNoURL(_ target: String) async throws {
        try await LoopbackServer.with(answer: { _ in .answer(302, ["Location": target]) }) { server in
            guard case .refusedRedirect = await reason(of: server.url, try configuration(allowsLoopback: true)) else {
                Issue.record("\(target) was not refused")
                return
            }
        }
    }

    @Test func resolvesThroughTheSystem() async throws {
        let addresses = try await NameResolver.system.addresses("localhost")
        #expect(!addresses.isEmpty && addresses.allSatisfy { SpecialRange(of: $0) == .loopback })
    }

    @Test func aNameThatNobodyHasResolvesToNothing() async throws {
        do { #expect(try await NameResolver.system.addresses("does-not-exist.invalid").isEmpty) } catch is NoNameServer
        {
            // Without a network nobody can tell.
        }
    }

    @Test func aCancelledLookUpIsNotWaitedFor() async throws {
        let resolver = NameResolver { _ in
            await untilCancelled()
            try Task.checkCancellation()
            return []
        }
        var configuration = try configuration()
        configuration.resolver = resolver
        let task = Task { [configuration] in try await status(of: "https://slow.example/", configuration) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func aLookUpHasALimit() async throws {
        var configuration = try configuration()
        configuration.limits.connect = .milliseconds(50)
        configuration.resolver = NameResolver { _ in
            await untilCancelled()
            return []
        }
        #expect(await reason(of: "https://slow.example/", configuration) == .timedOut(.name))
    }
}

/// Certificates are those of the name, though the connection is made to an address.
@Suite struct LiveTLSTests {
    private static let certificate = Golden.fixture("registry.test.pem").path
    private static let key = Golden.fixture("registry.test.key").path

    private func status(of host: String, trusting certificates: [NIOSSLCertificate]?) async throws -> Int {
        let chain = try NIOSSLCertificate.fromPEMFile(Self.certificate)
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: Self.key, format: .pem))
            )
        )
        return try await LoopbackServer.with(
            configure: { try $0.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context)) },
            answer: { _ in .answer() }
        ) { server in
            let policy = ContactPolicy(allowsLoopback: true)
            var configuration = LiveTransport.Configuration(policy: policy, userAgent: "iii-test/1")
            configuration.resolver = NameResolver { _ in [.v4(0x7F00_0001)] }
            var tls = TLSConfiguration.makeClientConfiguration()
            if let certificates { tls.trustRoots = .certificates(certificates) }
            configuration.tls = tls
            return try await LiveTransport.with(configuration) { transport in
                let url = try RemoteURL(parsing: "https://\(host):\(server.port)/")
                return try await transport.send(TransportRequest(.get, url, purpose: .artifact)).status
            }
        }
    }

    private func reason(of host: String, trusting certificates: [NIOSSLCertificate]?) async -> TransportError.Reason? {
        do {
            _ = try await status(of: host, trusting: certificates)
            return nil
        } catch { return (error as? TransportError)?.reason }
    }

    @Test func acceptsTheCertificateOfTheName() async throws {
        let roots = try NIOSSLCertificate.fromPEMFile(Self.certificate)
        #expect(try await status(of: "registry.test", trusting: roots) == 200)
    }

    @Test(arguments: ["other.test", "127.0.0.1"]) func refusesTheCertificateOfAnotherName(_ host: String) async throws {
        let roots = try NIOSSLCertificate.fromPEMFile(Self.certificate)
        let found = await reason(of: host, trusting: roots)
        #expect(found == .notSecure("the certificate is not one for `\(host)`"))
    }

    @Test func refusesACertificateThatNobodyVouchesFor() async throws {
        guard case .notSecure = await reason(of: "registry.test", trusting: nil) else {
            Issue.record("the certificate was accepted")
            return
        }
    }
}

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
