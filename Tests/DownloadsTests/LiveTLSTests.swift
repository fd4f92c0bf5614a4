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

    private func status(
        of host: String,
        trusting certificates: [NIOSSLCertificate]?,
        shown: FilePath = FilePath(LiveTLSTests.certificate),
        key: FilePath = FilePath(LiveTLSTests.key)
    ) async throws -> Int {
        let chain = try NIOSSLCertificate.fromPEMFile(shown.string)
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: key.string, format: .pem))
            )
        )
        return try await LoopbackServer.with(
            configure: { try $0.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context)) },
            answer: { _ in .answer() }
        ) { server in
            try await Self.status(of: RemoteURL(parsing: "https://\(host):\(server.port)/"), trusting: certificates)
        }
    }

    private static func status(of url: RemoteURL, trusting certificates: [NIOSSLCertificate]?) async throws -> Int {
        var configuration = LiveTransport.Configuration(
            policy: ContactPolicy(allowsLoopback: true),
            userAgent: "iii-test/1"
        )
        configuration.resolver = NameResolver { _ in [.v4(0x7F00_0001)] }
        var tls = TLSConfiguration.makeClientConfiguration()
        if let certificates { tls.trustRoots = .certificates(certificates) }
        configuration.tls = tls
        return try await LiveTransport.with(configuration) { transport in
            try await transport.send(TransportRequest(.get, url, purpose: .artifact)).status
        }
    }

    private func reason(_ body: () async throws -> Int) async -> TransportError.Reason? {
        do {
            _ = try await body()
            return nil
        } catch { return (error as? TransportError)?.reason }
    }

    @Test func acceptsTheCertificateOfTheName() async throws {
        let roots = try NIOSSLCertificate.fromPEMFile(Self.certificate)
        #expect(try await status(of: "registry.test", trusting: roots) == 200)
    }

    @Test(arguments: ["other.test", "127.0.0.1"]) func refusesTheCertificateOfAnotherName(_ host: String) async throws {
        let roots = try NIOSSLCertificate.fromPEMFile(Self.certificate)
        let found = await reason { try await status(of: host, trusting: roots) }
        #expect(found == .notSecure(.otherName(host)))
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
        let found = await reason { try await status(of: "registry.test", trusting: nil) }
        #expect(found == .notSecure(.signedByItself))
    }

    @Test func plainHTTPWhereTLSWasExpectedIsToldAsThat() async throws {
        try await LoopbackServer.with(
            configure: { try $0.pipeline.syncOperations.addHandler(PlainRefusal()) },
            answer: { _ in .answer() }
        ) { server in
            let url = try RemoteURL(parsing: "https://registry.test:\(server.port)/")
            #expect(await reason { try await Self.status(of: url, trusting: nil) } == .notSecure(.plainHTTP))
        }
    }

    /// Certificates as `openssl` makes them.
    @Test func whyACertificateIsRefusedIsToldApart() async throws {
        try await withTemporaryDirectory { folder in
            // The authority's own, one that it signed, and two whose days are over or to come.
            try Shell.run(
                """
                exec 2>log
                printf '[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=.\ndatabase=index\nserial=serial\ndefault_md=sha256\n' >conf
                printf 'policy=p\nunique_subject=no\ncopy_extensions=copy\n[p]\ncommonName=supplied\n' >>conf
                : >index; echo 01 >serial
                new='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
                openssl req -x509 $new -keyout ca.key -out ca.pem -days 9 -subj '/O=Acme/CN=Acme Root'
                openssl req $new -keyout a.key -out a.csr -subj /CN=registry.test -addext subjectAltName=DNS:registry.test
                sign() {
                  openssl ca -config conf -batch -notext -in a.csr -cert ca.pem -keyfile ca.key \
                    -startdate $2 -enddate $3 -out $1
                }
                sign good.pem 20200101000000Z 20991231000000Z
                sign old.pem 20200101000000Z 20240301000000Z
                sign new.pem 20980101000000Z 20991231000000Z
                """,
                in: folder
            )
            let roots = try NIOSSLCertificate.fromPEMFile(folder.appending("ca.pem").string)
            for (file, trusted, expected) in [
                ("good.pem", roots, nil), ("good.pem", nil, .unknownAuthority("Acme Root")),
                ("old.pem", roots, .expired(on: "2024-03-01")), ("old.pem", nil, .expired(on: "2024-03-01")),
                ("new.pem", roots, .notYetValid(until: "2098-01-01")),
            ] as [(String, [NIOSSLCertificate]?, Insecurity?)] {
                let found = await reason {
                    try await status(
                        of: "registry.test",
                        trusting: trusted,
                        shown: folder.appending(file),
                        key: folder.appending("a.key")
                    )
                }
                #expect(found == expected.map { .notSecure($0) }, "\(file)")
            }
        }
    }

    @Test func whatIsNoCertificateTellsNobody() throws {
        let whole = try #require(try NIOSSLCertificate.fromPEMFile(Self.certificate).first).toDERBytes()
        #expect(CertificateSignature(der: whole)?.authority == "registry.test")
        #expect(CertificateSignature(der: whole)?.isOwn == true)
        // Cut anywhere, it is none.
        for length in 0..<whole.count { #expect(CertificateSignature(der: Array(whole.prefix(length))) == nil) }
        for place in 0..<min(whole.count, 200) {
            var changed = whole
            changed[place] = 0xFF
            _ = CertificateSignature(der: changed)
        }
    }
}

/// Answers whatever comes as a server does that reads no TLS.
private final class PlainRefusal: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let answer = ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
    }
}
