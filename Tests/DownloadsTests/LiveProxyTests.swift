// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
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

/// A real proxy of another make stands between us and a server with TLS, which only it can reach.
@Suite struct LiveProxyTests {
    /// Connects every name to this machine, tells each request on a line of its standard output, asks for an account where
    /// it is given one.
    private static let script = """
        import socket, socketserver, sys, threading, base64
        target, account = int(sys.argv[1]), sys.argv[2].encode()
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                line = self.rfile.readline().decode().split()
                headers = {}
                while (row := self.rfile.readline().strip()):
                    name, _, value = row.partition(b":"); headers[name.lower()] = value.strip()
                with open("seen", "a") as seen: seen.write(" ".join(line[:2]) + "\\n")
                if account and headers.get(b"proxy-authorization") != b"Basic " + base64.b64encode(account):
                    self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\\r\\nContent-Length: 0\\r\\n\\r\\n"); return
                if line[1].startswith("refused."):
                    self.wfile.write(b"HTTP/1.1 403 Forbidden\\r\\nContent-Length: 0\\r\\n\\r\\n"); return
                peer = socket.create_connection(("127.0.0.1", target))
                self.wfile.write(b"HTTP/1.1 200 Connection established\\r\\n\\r\\n")
                def pump(a, b):
                    try:
                        while (data := a.recv(65536)): b.sendall(data)
                    except OSError: pass
                    for s in (a, b):
                        try: s.shutdown(socket.SHUT_RDWR)
                        except OSError: pass
                other = threading.Thread(target=pump, args=(self.connection, peer)); other.start()
                pump(peer, self.connection); other.join()
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        print("listening on 127.0.0.1:%d" % server.server_address[1], file=sys.stderr, flush=True)
        server.serve_forever()
        """

    private static let certificate = Golden.fixture("registry.test.pem").path
    private static let key = Golden.fixture("registry.test.key").path

    /// What came of asking for `urls` through the proxy, and which requests it saw.
    private func ask(
        _ urls: [String],
        proxyAccount: String = "",
        variables: @escaping @Sendable (_ proxy: String) -> [String: String],
        resolving names: [String: IPAddress] = [:],
        allowsLoopback: Bool = false
    ) async throws -> (outcomes: [String], seen: String) {
        let chain = try NIOSSLCertificate.fromPEMFile(Self.certificate)
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: Self.key, format: .pem))
            )
        )
        return try await withTemporaryDirectory { folder in
            try await LoopbackServer.with(
                configure: { try $0.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context)) },
                answer: { _ in .answer() }
            ) { server in
                let arguments = [String(server.port), proxyAccount]
                var outcomes: [String] = []
                try await LoopbackProgram.python(Self.script, arguments, named: "proxy", in: folder) { proxy in
                    let values = variables(proxy)
                    var configuration = LiveTransport.Configuration(
                        policy: ContactPolicy(allowsLoopback: allowsLoopback),
                        userAgent: "iii-test/1"
                    )
                    configuration.proxies = try ProxySettings { values[$0] }
                    configuration.resolver = NameResolver { names[$0].map { [$0] } ?? [] }
                    configuration.tls = try TrustRoots.configuration(file: Self.certificate, folders: nil) { _ in [] }
                    outcomes = try await LiveTransport.with(configuration) { transport in
                        var found: [String] = []
                        for url in urls { found.append(await outcome(of: url, over: transport)) }
                        return found
                    }
                }
                let seen = try? String(contentsOfFile: folder.appending("seen").string, encoding: .utf8)
                return (outcomes, seen ?? "")
            }
        }
    }

    private func outcome(of url: String, over transport: LiveTransport) async -> String {
        do {
            let request = TransportRequest(.get, try RemoteURL(parsing: url), purpose: .artifact)
            return String(try await transport.send(request).status)
        } catch let error as TransportError {
            return error.message
        } catch { return "\(error)" }
    }

    @Test func asksThroughTheProxyWhichLooksUpTheName() async throws {
        let (outcomes, seen) = try await ask(["https://registry.test/a"]) { ["HTTPS_PROXY": "http://\($0)"] }
        #expect(outcomes == ["200"])
        #expect(seen == "CONNECT registry.test:443\n")
    }

    @Test func aProxyWithAnAccountGetsIt() async throws {
        let (outcomes, _) = try await ask(["https://registry.test/a"], proxyAccount: "ada:p@ss") {
            ["ALL_PROXY": "http://ada:p%40ss@\($0)"]
        }
        #expect(outcomes == ["200"])
    }

    @Test func whatTheProxyRefusesIsToldAsItsOwn() async throws {
        let (outcomes, _) = try await ask(["https://registry.test/a"], proxyAccount: "ada:secret") {
            ["HTTPS_PROXY": "http://ada:wrong@\($0)"]
        }
        let told = try #require(outcomes.first)
        #expect(told.hasPrefix("cannot reach `https://registry.test/a` through the proxy `http://127.0.0.1:"))
        #expect(told.hasSuffix("of `HTTPS_PROXY`: it asks for a name and a password"))
        #expect(!told.contains("wrong") && !told.contains("ada"))
        let (others, _) = try await ask(["https://refused.test/"]) { ["HTTPS_PROXY": "http://\($0)"] }
        #expect(others.first?.hasSuffix("it refused to connect us to `refused.test`") == true)
    }

    @Test func addressesThatAreNamedAreCheckedAsWithoutAProxy() async throws {
        let urls = ["https://10.0.0.1/", "https://169.254.169.254/latest/meta-data", "http://registry.test/"]
        let (outcomes, seen) = try await ask(urls) { ["ALL_PROXY": "http://\($0)"] }
        #expect(outcomes[0].contains("10.0.0.1, a private address"))
        #expect(outcomes[1].contains("169.254.169.254, a link-local address"))
        #expect(outcomes[2].contains("is plain http"))
        #expect(seen.isEmpty)
    }

    @Test func aProxyThatIsNotThereIsNamed() async throws {
        let (outcomes, _) = try await ask(["https://registry.test/"]) { _ in ["HTTPS_PROXY": "http://127.0.0.1:1"] }
        #expect(outcomes.first?.contains("through the proxy `http://127.0.0.1:1` of `HTTPS_PROXY`") == true)
    }
}
