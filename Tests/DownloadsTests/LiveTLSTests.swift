// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import FoundationEssentials
import NIOCore
import NIOSSL
import SystemPackage
import TestSupport
import Testing
import Transport
import TransportTestSupport
import WorkerModel

@testable import Downloads

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

    @Test func filesAndFoldersOfTheEnvironmentAreTrusted() async throws {
        let folder = FilePath(Self.certificate).removingLastComponent().string
        let named = try TrustRoots.configuration(file: nil, folders: folder) { _ in
            ["registry.test.key", "registry.test.pem"]
        }
        guard case .certificates(let roots)? = named?.trustRoots else {
            Issue.record("no certificates were read")
            return
        }
        #expect(try await status(of: "registry.test", trusting: roots) == 200)
        #expect(try TrustRoots.configuration(file: nil, folders: nil) { _ in [] } == nil)
    }

    @Test(
        arguments: [("/nowhere.pem", nil), (LiveTLSTests.key, nil), (nil, "/nowhere:/neither")] as [(String?, String?)]
    )
    func whatHoldsNoCertificateIsRefused(_ file: String?, _ folders: String?) {
        let error = #expect(throws: TrustRootsError.self) {
            try TrustRoots.configuration(file: file, folders: folders) { _ in [] }
        }
        #expect(error?.message.contains(file ?? "/nowhere:/neither") == true)
    }

    @Test func refusesACertificateThatNobodyVouchesFor() async throws {
        guard case .notSecure = await reason(of: "registry.test", trusting: nil) else {
            Issue.record("the certificate was accepted")
            return
        }
    }
}
