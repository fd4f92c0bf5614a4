// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Synchronization
import Testing
import Transport
import TransportTestSupport
import WorkerModel

@testable import Downloads

/// Addresses, names and redirects, decided before anything is sent.
@Suite struct LiveContactTests {
    private func configuration(
        _ names: [String: [String]] = [:],
        registry: String? = nil,
        allowsLoopback: Bool = false
    ) throws -> LiveTransport.Configuration {
        let policy = ContactPolicy(
            registries: Set(try registry.map { [try RemoteURL(parsing: $0).origin] } ?? []),
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
            request.registry = configuration.policy.registries.first
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
                    var request = TransportRequest(.get, url, purpose: .artifact)
                    request.registry = try RemoteURL(parsing: "http://127.0.0.1:1").origin
                    #expect(try await transport.send(request).status == 200)
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

    /// What changes something is asked of the registry itself: another server's 200 says nothing about it.
    @Test func writesFollowToNoOtherOrigin() async throws {
        try await LoopbackServer.with(answer: { _ in .answer() }) { other in
            try await LoopbackServer.with(answer: { request in
                request.path == "/near"
                    ? .answer() : .answer(307, ["Location": request.path == "/" ? "/near" : other.url])
            }) { server in
                let configuration = try configuration(registry: server.url)
                try await LiveTransport.with(configuration) { transport in
                    func status(_ path: String) async throws -> Int {
                        let url = try RemoteURL(parsing: server.url + path)
                        var request = TransportRequest(.post, url, purpose: .registry, body: .bytes([1]))
                        request.registry = url.origin
                        return try await transport.send(request).status
                    }
                    #expect(try await status("/") == 200)
                    let error = await #expect(throws: TransportError.self) { try await status("/far") }
                    let far = try RemoteURL(parsing: other.url).description
                    #expect(error?.reason == .refusedRedirect(to: far))
                }
                #expect(other.requests.isEmpty)
            }
        }
    }

    /// An answer that comes byte by byte never meets the limit between two pieces.
    @Test func anAnswerThatDripsHasAnEnd() async throws {
        let head = Array("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx".utf8)
        try await LoopbackServer.with(answer: { _ in [.send(head), .hang] }) { server in
            var configuration = try configuration(allowsLoopback: true)
            configuration.limits.total = .milliseconds(100)
            configuration.limits.idle = .milliseconds(400)
            try await LiveTransport.with(configuration) { transport in
                let request = TransportRequest(.get, try RemoteURL(parsing: server.url), purpose: .artifact)
                let error = await #expect(throws: TransportError.self) {
                    try await transport.send(request).body.collect(upTo: .mebibytes(1))
                }
                #expect(error?.reason == .tookTooLong(limit: .milliseconds(100)))
                #expect(error?.isTransient == false)
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

/// Waits for nothing else.
private func untilCancelled() async {
    let (never, continuation) = AsyncStream.makeStream(of: Void.self)
    for await _ in never {}
    continuation.finish()
}
