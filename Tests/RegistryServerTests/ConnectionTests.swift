// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import AsyncHTTPClient
import Diagnostics
import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import JSONText
import NIOCore
import NIOPosix
import RegistryServer
import RegistryService
import RegistryStorage
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing
import WorkerModel

/// Slow and many clients take nothing from those that read.
struct ConnectionTests {
    @Test func headThatDripsIsCut() async throws {
        try await ServerFixture.run(limits: ServerLimits(head: .milliseconds(300))) { fixture in
            try await fixture.live { server in
                let port = try #require(server.client.port)
                let answer = await Self.exchange(Array("GET /healthz HTTP/1.1\r\n".utf8), with: port) {
                    out in
                    // Until the server ends it; never silent for long.
                    for _ in 0..<1000 {
                        try await out.write(ByteBuffer(string: "X-A: b\r\n"))
                        try await NIODeadline.wait(.milliseconds(20))
                    }
                }
                #expect(answer == "")
                #expect(try await metric(server, #"iii_registry_connections_ended_total{reason="head"}"#) == 1)
            }
        }
    }

    @Test func bodyThatDripsIsCutAndOneThatFlowsIsNot() async throws {
        let limits = ServerLimits(question: .mebibytes(1), idle: .seconds(2), slowest: .kibibytes(1))
        try await ServerFixture.run(limits: limits) { fixture in
            try await fixture.live { server in
                let port = try #require(server.client.port)
                func head(_ length: Int) -> [UInt8] {
                    Array("POST /resolve HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n".utf8)
                }
                let slow = await Self.exchange(head(5000), with: port) { out in
                    for _ in 0..<1000 {
                        try await out.write(ByteBuffer(string: " "))
                        try await NIODeadline.wait(.milliseconds(20))
                    }
                }
                #expect(!slow.contains("HTTP/1.1 2"))
                #expect(try await metric(server, #"iii_registry_connections_ended_total{reason="slow"}"#) == 1)
                // Longer than that credit lasts, but fast enough.
                let piece = String(repeating: " ", count: 2000)
                let fast = await Self.exchange(
                    Array(
                        "POST /resolve HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 300000\r\n\r\n".utf8
                    ),
                    with: port
                ) { out in
                    for _ in 0..<150 {
                        try await out.write(ByteBuffer(string: piece))
                        try await NIODeadline.wait(.milliseconds(20))
                    }
                }
                #expect(fast.hasPrefix("HTTP/1.1 400 "))
            }
        }
    }

    @Test func answerThatIsNotReadIsCut() async throws {
        try await ServerFixture.run(limits: ServerLimits(idle: .seconds(1))) { fixture in
            try await fixture.live { server in
                // More than the sockets of both sides hold.
                let bytes = [UInt8](repeating: 7, count: 48 << 20)
                let digest = Digest.sha256(bytes)
                let upload = try await fixture.service.blobs.beginUpload(upTo: ByteCount(bytes.count))
                try await upload.append(bytes)
                _ = try await upload.finish(expecting: digest, at: Timestamp(milliseconds: 0))
                let port = try #require(server.client.port)
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .channelOption(.autoRead, value: false).connect(host: "localhost", port: port).get()
                let request = "GET /blobs/sha256/\(digest) HTTP/1.1\r\nHost: a\r\n\r\n"
                try await channel.writeAndFlush(ByteBuffer(string: request))
                let cut = #"iii_registry_connections_ended_total{reason="slow"}"#
                for _ in 0..<1000 where try await metric(server, cut) < 1 {
                    try await NIODeadline.wait(.milliseconds(20))
                }
                #expect(try await metric(server, cut) == 1)
                try? await channel.close()
            }
        }
    }

    @Test func floodOfSilentConnectionsDoesNotStopReaders() async throws {
        try await ServerFixture.run(limits: ServerLimits(connections: 20, connectionsPerAddress: 1000)) { fixture in
            try await fixture.live { server in
                let port = try #require(server.client.port)
                try await withSilentConnections(100, to: port) { () async throws in
                    for _ in 0..<20 { #expect(try await server.ask(.get, "/healthz").status == 200) }
                    // While they are open: one that ends before it is accepted takes nobody's place.
                    let replaced = #"iii_registry_connections_ended_total{reason="replaced"}"#
                    for _ in 0..<1000 where try await metric(server, replaced) < 80 {
                        try await NIODeadline.wait(.milliseconds(20))
                    }
                    #expect(try await metric(server, replaced) >= 80)
                }
            }
        }
    }

    @Test func oneAddressHasAShareOnly() async throws {
        try await ServerFixture.run(limits: ServerLimits(head: .seconds(600), connectionsPerAddress: 5)) { fixture in
            try await fixture.live { server in
                let port = try #require(server.client.port)
                // The reader has one of the five.
                #expect(try await server.ask(.get, "/healthz").status == 200)
                try await withSilentConnections(9, to: port) { () async throws in
                    let refused = #"iii_registry_connections_ended_total{reason="address"}"#
                    for _ in 0..<1000 where try await metric(server, refused) < 5 {
                        try await NIODeadline.wait(.milliseconds(20))
                    }
                    #expect(try await metric(server, refused) == 5)
                    #expect(try await metric(server, #"iii_registry_connections{state="waiting"}"#) == 4)
                }
            }
        }
    }

    // MARK: TLS

    @Test func speaksTLSAndTakesARenewedCertificate() async throws {
        try await withTemporaryDirectory { folder in
            let fixtures = Golden.fixture("registry.test.pem").deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
                    "DownloadsTests/Fixtures"
                )
            var settings = RegistrySettings()
            settings.tls = TLSFiles(
                certificate: fixtures.appendingPathComponent("registry.test.pem").path,
                key: fixtures.appendingPathComponent("registry.test.key").path
            )
            try await ServerFixture.run(settings: settings) { fixture in
                try await fixture.server.application(at: .standard).test(.ahc(.https)) { client in
                    #expect(
                        try await client.executeRequest(uri: "/healthz", method: .get, headers: [:], body: nil).status
                            == .ok
                    )
                    let port = try #require(client.port)
                    let plain = await Self.exchange(
                        Array("GET /healthz HTTP/1.1\r\n\r\n".utf8),
                        with: port
                    )
                    #expect(!plain.contains("200"))
                }
            }
        }
    }

    @Test func certificateThatIsNoneIsNamed() async throws {
        try await ServerFixture.run { fixture in
            var settings = RegistrySettings()
            settings.tls = TLSFiles(certificate: "/nowhere/a.pem", key: "/nowhere/a.key")
            let error = #expect(throws: TLSError.self) {
                _ = try RegistryServer(service: fixture.service, settings: settings, log: fixture.log.output)
            }
            #expect(error?.path == "/nowhere/a.pem" && error?.code == .invalidSetting)
        }
    }

    // MARK: Behind a proxy

    @Test func wrongKeysAreCountedByTheClientBehindTheProxy() async throws {
        var settings = RegistrySettings()
        settings.trustedProxies = try TrustedProxies(parsing: "127.0.0.1, ::1")
        try await ServerFixture.run(settings: settings) { fixture in
            try await fixture.live { (server) async throws in
                func ask(_ client: String, _ who: TestedServer.Who) async throws -> Int {
                    try await server.ask(.get, "/whoami", as: who, headers: [.forwardedForInTest: client]).status
                }
                for _ in 0..<10 { #expect(try await ask("1.2.3.4", .wrong) == 401) }
                #expect(try await ask("1.2.3.4", .wrong) == 429)
                #expect(try await ask("8.8.8.8, 1.2.3.4", .wrong) == 429)
                #expect(try await ask("1.2.3.4", .publisher) == 200)
                #expect(try await ask("5.6.7.8", .wrong) == 401)
                let lines = fixture.log.all.compactMap { $0["client.address"] }
                #expect(lines.contains("1.2.3.4") && lines.contains("5.6.7.8"))
            }
        }
    }

    @Test func proxyThatIsNotTrustedIsToldOfOnceAndLocksNobodyOut() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.live { server in
                func ask(_ client: String, _ who: TestedServer.Who) async throws -> Int {
                    try await server.ask(.get, "/whoami", as: who, headers: [.forwardedForInTest: client]).status
                }
                for _ in 0..<11 { _ = try await ask("6.6.6.6", .wrong) }
                #expect(try await ask("6.6.6.6", .wrong) == 429)
                #expect(try await ask("1.2.3.4", .publisher) == 200)
                let warnings = fixture.log.all.filter { $0["setting"] == "trusted-proxy" }
                #expect(warnings.count == 1 && warnings.first?["level"] == "warning")
            }
        }
    }

    // MARK: Help

    /// What the server said until it ended the connection, however it ended it.
    private static func exchange(
        _ bytes: [UInt8],
        with port: Int,
        more: (NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws -> Void = { _ in }
    ) async -> String {
        // A reset is an end too.
        (try? await RawConnection.exchange(bytes, with: port, more: more)) ?? ""
    }

    private func metric(_ server: TestedServer, _ name: String) async throws -> Int {
        let text = String(decoding: try await server.ask(.get, "/metrics").bytes, as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) } ?? -1
    }

    private func connect(_ port: Int) async throws -> any Channel {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "localhost", port: port)
            .get()
    }

    private func withSilentConnections(_ count: Int, to port: Int, _ body: () async throws -> Void) async throws {
        var channels: [any Channel] = []
        for _ in 0..<count { channels.append(try await connect(port)) }
        try await body()
        for channel in channels where channel.isActive { try? await channel.close() }
    }
}

extension HTTPField.Name {
    fileprivate static let forwardedForInTest = HTTPField.Name("X-Forwarded-For") ?? .authorization
}

extension NIODeadline {
    /// Lets time pass on an event loop, for tests of what depends on time.
    fileprivate static func wait(_ amount: TimeAmount) async throws {
        try await MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: amount) {}.futureResult.get()
    }
}
