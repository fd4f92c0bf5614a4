// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
package import NIOCore
import NIOPosix
import Sandboxing
package import SystemPackage

/// A proxy for HTTP at the host's end of a tunnel, for a sandbox that is to reach the network for a while: what installs
/// packages knows how to use one.
///
/// It leads out: to whatever a name stands for, but for this machine itself and for addresses that mean something only here.
package struct OutwardProxy: Sendable {
    /// Whether an address may be connected to.
    private let allows: @Sendable (SocketAddress) -> Bool

    package init(allows: @escaping @Sendable (SocketAddress) -> Bool = Self.leadsOut) { self.allows = allows }

    /// Whether an address is another machine's: neither loopback nor link-local, multicast, or one of these inside another.
    package static func leadsOut(_ address: SocketAddress) -> Bool {
        guard let text = address.ipAddress else { return false }
        if case .v4 = address {
            let first = text.split(separator: ".").first.flatMap { Int($0) } ?? 0
            return first != 0 && first != 127 && first < 224 && !text.hasPrefix("169.254.")
        }
        // Loopback, and all that has an IPv4 address at its end, begin with zeros.
        let refused = ["::", "fe8", "fe9", "fea", "feb", "fec", "fed", "fee", "fef", "ff", "64:ff9b:", "2002:"]
        return !refused.contains { text.lowercased().hasPrefix($0) }
    }

    /// Runs `body` while the proxy serves at a Unix socket, which is removed afterwards.
    ///
    /// - Throws: What `body` throws, and what keeps the socket from being made.
    package func with<Result: Sendable>(socket path: FilePath, _ body: () async throws -> Result) async throws -> Result
    {
        let server = try await HostFiles.withSocketPath(path) { path in
            try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true) { Self.wrapped($0) }
        }
        defer { try? HostFiles.removeFile(path) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serve(server) }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    private typealias Link = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private static func wrapped(_ channel: any Channel) -> EventLoopFuture<Link> {
        channel.eventLoop.makeCompletedFuture {
            try Link(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    private func serve(_ server: NIOAsyncChannel<Link, Never>) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            try await server.executeThenClose { connections in
                for try await connection in connections {
                    // One that breaks is its own business.
                    group.addTask { try? await serve(connection) }
                }
            }
        }
    }

    private func serve(_ client: Link) async throws {
        try await client.executeThenClose { inbound, outbound in
            var iterator = inbound.makeAsyncIterator()
            var bytes: [UInt8] = []
            while ProxyRequest.end(of: bytes) == nil {
                guard bytes.count <= ProxyRequest.limit, let more = try await iterator.next() else { return }
                bytes += more.readableBytesView
            }
            guard let request = ProxyRequest(parsing: bytes) else {
                return try await outbound.write(ByteBuffer(string: Self.answer("400 Bad Request")))
            }
            let target: Link
            do { target = try await connect(request.address) } catch is Refused {
                return try await outbound.write(ByteBuffer(string: Self.answer("403 Forbidden")))
            } catch { return try await outbound.write(ByteBuffer(string: Self.answer("502 Bad Gateway"))) }
            try await target.executeThenClose { answers, questions in
                if request.isTunnel {
                    try await outbound.write(ByteBuffer(string: "HTTP/1.1 200 Connection established\r\n\r\n"))
                }
                if !request.first.isEmpty { try await questions.write(ByteBuffer(bytes: request.first)) }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for try await answer in answers { try await outbound.write(answer) }
                        outbound.finish()
                    }
                    while let question = try await iterator.next() { try await questions.write(question) }
                    questions.finish()
                    try await group.waitForAll()
                }
            }
        }
    }

    private static func answer(_ status: String) -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    }

    private struct Refused: Error {}

    /// Connects to the address that was looked at, not to what the name stands for a moment later.
    private func connect(_ address: NetworkAddress) async throws -> Link {
        let found = try await NIOThreadPool.singleton.runIfActive {
            try SocketAddress.makeAddressResolvingHost(address.host, port: Int(address.port))
        }
        guard allows(found) else { throw Refused() }
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connectTimeout(.seconds(20))
            .connect(to: found) { Self.wrapped($0) }
    }
}

/// What a client asks a proxy first.
struct ProxyRequest: Hashable, Sendable {
    let address: NetworkAddress
    /// Whether it asks for nothing but the connection.
    let isTunnel: Bool
    /// What the other side is sent first.
    let first: [UInt8]

    static let limit = 16 << 10

    /// Where the head ends; nil until it has come.
    static func end(of bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...(bytes.count - 4)).first { bytes[$0..<($0 + 4)].elementsEqual("\r\n\r\n".utf8) }.map { $0 + 4 }
    }

    /// Reads `CONNECT HOST:PORT`, or a request for a whole URL with `http://`; nil for anything else.
    ///
    /// The second is passed on as the server there expects it, as the last of its connection.
    init?(parsing bytes: [UInt8]) {
        guard let end = Self.end(of: bytes) else { return nil }
        var lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n").dropLast(2)[...]
        let words = lines.popFirst()?.split(separator: " ") ?? []
        guard words.count == 3, words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0" else { return nil }
        isTunnel = words[0] == "CONNECT"
        if isTunnel {
            guard let address = try? NetworkAddress(parsing: String(words[1])) else { return nil }
            (self.address, first) = (address, Array(bytes[end...]))
            return
        }
        guard words[1].hasPrefix("http://") else { return nil }
        let rest = words[1].dropFirst(7)
        let host = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest.dropFirst(host.count)
        guard
            let address = (try? NetworkAddress(parsing: String(host)))
                ?? (try? NetworkAddress(parsing: "\(host):80"))
        else { return nil }
        self.address = address
        let kept = lines.filter { line in
            !["connection:", "proxy-"].contains { line.lowercased().hasPrefix($0) }
        }
        let head =
            ["\(words[0]) \(path.hasPrefix("/") ? "" : "/")\(path) HTTP/1.1"] + kept + ["Connection: close", "", ""]
        first = Array(head.joined(separator: "\r\n").utf8) + bytes[end...]
    }
}

extension String {
    fileprivate func components(separatedBy mark: String) -> [String] {
        split(separator: mark, omittingEmptySubsequences: false).map(String.init)
    }
}
