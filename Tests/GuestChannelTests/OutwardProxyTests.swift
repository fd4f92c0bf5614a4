// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import NIOCore
import SandboxTestSupport
import Sandboxing
import SystemPackage
import TestSupport
import Testing

@testable import GuestChannel

/// What installs packages reaches the network by it, and this machine not.
@Suite(.timeLimit(.minutes(5)))
struct OutwardProxyTests {
    /// Asks the proxy at a socket, and prints what comes first and what comes then.
    private static func ask(_ proxy: OutwardProxy, _ question: String, then more: String = "") async throws -> String {
        try await withTemporaryDirectory { folder in
            let script = """
                import socket, sys
                s = socket.socket(socket.AF_UNIX); s.connect("proxy")
                s.sendall(sys.argv[1].encode())
                print(s.recv(4096).decode().split("\\r\\n")[0])
                if sys.argv[2]:
                    s.sendall(sys.argv[2].encode()); s.shutdown(socket.SHUT_WR)
                    got = b""
                    while piece := s.recv(4096): got += piece
                    print(got.decode())
                """
            return try await proxy.with(socket: folder.appending("proxy")) {
                // On a thread of its own: the proxy's tasks need those that run tasks.
                try await withCheckedThrowingContinuation { continuation in
                    Thread.detachNewThread {
                        continuation.resume(
                            with: Result {
                                try Shell.run("python3 - '\(question)' '\(more)' <<'END'\n\(script)\nEND", in: folder)
                            }
                        )
                    }
                }
            }
        }
    }

    @Test func connectsAndPassesOnWhatIsSaid() async throws {
        let server = try await EchoServer.start()
        let everywhere = OutwardProxy { _ in true }
        let asked = "CONNECT 127.0.0.1:\(server.port) HTTP/1.1\r\nHost: x\r\n\r\n"
        let answer = try await Self.ask(everywhere, asked, then: "hello")
        #expect(answer == "HTTP/1.1 200 Connection established\nhello\n")
        await server.stop()
    }

    @Test(arguments: [
        ("CONNECT 127.0.0.1:PORT HTTP/1.1", "403"), ("CONNECT localhost:PORT HTTP/1.1", "403"),
        ("CONNECT [::1]:PORT HTTP/1.1", "403"), ("CONNECT 127.1:PORT HTTP/1.1", "403"),
        ("CONNECT 2130706433:PORT HTTP/1.1", "403"), ("CONNECT 0.0.0.0:PORT HTTP/1.1", "403"),
        ("CONNECT [::ffff:127.0.0.1]:PORT HTTP/1.1", "403"), ("CONNECT 169.254.169.254:80 HTTP/1.1", "403"),
        ("GET http://127.0.0.1:PORT/x HTTP/1.1", "403"), ("GET http://localhost:PORT HTTP/1.1", "403"),
        ("CONNECT no-such-host.invalid:80 HTTP/1.1", "502"), ("CONNECT 127.0.0.1 HTTP/1.1", "400"),
        ("GET / HTTP/1.1", "400"), ("GET https://example.com/ HTTP/1.1", "400"), ("nonsense", "400"),
    ])
    func leadsNeitherHereNorNowhere(question: String, status: String) async throws {
        let server = try await EchoServer.start()
        let filled = question.replacing("PORT", with: String(server.port))
        let answer = try await Self.ask(OutwardProxy(), "\(filled)\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
        #expect(server.visits == 0)
        await server.stop()
    }

    @Test(arguments: [
        ("192.0.2.2", true), ("10.1.2.3", true), ("1.1.1.1", true), ("127.0.0.2", false), ("0.1.2.3", false),
        ("169.254.1.1", false), ("224.0.0.1", false), ("255.255.255.255", false), ("2606:4700::1111", true),
        ("fd00::1", true), ("fe80::1", false), ("::1", false), ("::", false), ("::ffff:8.8.8.8", false),
        ("ff02::1", false),
    ])
    func addressesOfThisMachineDoNotLeadOut(address: String, leads: Bool) throws {
        let address = try SocketAddress(ipAddress: address, port: 80)
        #expect(OutwardProxy.leadsOut(address) == leads)
    }

    @Test func aRequestForAWholeURLIsPassedOnAsItsServerExpectsIt() throws {
        let head =
            "POST http://packages.example/a?b=c HTTP/1.1\r\nHost: packages.example\r\nProxy-Connection: keep-alive\r\n"
            + "Connection: keep-alive\r\nContent-Length: 2\r\n\r\nok"
        let request = try #require(ProxyRequest(parsing: Array(head.utf8)))
        #expect(request.address.description == "packages.example:80" && !request.isTunnel)
        #expect(
            String(decoding: request.first, as: UTF8.self)
                == "POST /a?b=c HTTP/1.1\r\nHost: packages.example\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
        )
    }
}
