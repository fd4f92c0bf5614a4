// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import AsyncHTTPClient
import Diagnostics
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import Transport

/// The HTTP clients in use, one for each address that a host may be connected to at, and one for each proxy.
///
/// The client library takes the address to connect to from its settings; so each pair of a name and a checked address
/// has a client of its own. Certificates are still those of the name.
final class ClientPool: Sendable {
    /// Where a client connects to.
    enum Target: Hashable {
        /// An address of a host. Where another one can be tried after it, it is given up sooner.
        case address(IPAddress, of: RemoteURL.Host, hasNext: Bool)
        /// Any host, by way of a proxy that looks up its name.
        case proxy(ProxySettings.Proxy)
    }

    private struct State {
        var clients: [Target: HTTPClient] = [:]
        var isShutDown = false
    }

    private let limits: LiveTransport.Limits
    private let tls: TLSConfiguration?
    private let state = Mutex(State())

    init(limits: LiveTransport.Limits, tls: TLSConfiguration?) {
        self.limits = limits
        self.tls = tls
    }

    /// The client for a target, made when it is first asked for.
    ///
    /// - Throws: `CancellationError` after `shutDown`.
    func client(for target: Target) throws -> HTTPClient {
        try state.withLock { state in
            guard !state.isShutDown else { throw CancellationError() }
            if let client = state.clients[target] { return client }
            let client = HTTPClient(
                eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
                configuration: configuration(for: target)
            )
            state.clients[target] = client
            return client
        }
    }

    /// Closes all connections.
    func shutDown() async {
        let clients = state.withLock { state in
            state.isShutDown = true
            defer { state.clients = [:] }
            return Array(state.clients.values)
        }
        // A client fails to shut down only if it was shut down before.
        for client in clients { try? await client.shutdown() }
    }

    private func configuration(for target: Target) -> HTTPClient.Configuration {
        var connect = limits.connect
        if case .address(_, _, hasNext: true) = target { connect = connect * 2 / 5 }
        let idle = TimeAmount(limits.idle)
        var pool = HTTPClient.Configuration.ConnectionPool(idleTimeout: .seconds(30))
        pool.concurrentHTTP1ConnectionsPerHostSoftLimit = 16
        // Retries are the caller's, who knows what was asked and tells the user.
        pool.retryConnectionEstablishment = false
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(connect), read: idle, write: idle),
            connectionPool: pool,
            decompression: .disabled
        )
        configuration.httpVersion = .http1Only
        switch target {
        case .address(let address, of: let host, hasNext: _):
            if case .name(let name) = host { configuration.dnsOverride = [name: address.description] }
            configuration.http1_1ConnectionDebugInitializer = { channel in Self.prepare(channel, for: address) }
        case .proxy(let proxy):
            configuration.proxy = proxy.configuration
            configuration.http1_1ConnectionDebugInitializer = { channel in Self.readsLargePieces(channel) }
        }
        return configuration
    }

    /// Makes sure that the connection leads to the checked address, and lets it read in large pieces.
    private static func prepare(_ channel: any Channel, for address: IPAddress) -> EventLoopFuture<Void> {
        guard channel.remoteAddress?.ipAddress.flatMap({ IPAddress($0) }) == address else {
            return channel.close().flatMapThrowing { throw HTTPClientError.invalidURL }
        }
        return readsLargePieces(channel)
    }

    private static func readsLargePieces(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.setOption(
            .recvAllocator,
            value: AdaptiveRecvByteBufferAllocator(minimum: 16 << 10, initial: 64 << 10, maximum: 1 << 20)
        )
    }
}

extension ProxySettings.Proxy {
    fileprivate var configuration: HTTPClient.Configuration.Proxy {
        // The library wants an IPv6 address without brackets.
        let name = if case .address(let address) = host { address.description } else { host.description }
        return switch kind {
        case .socks: .socksServer(host: name, port: Int(port))
        case .connect(let account):
            .server(
                host: name,
                port: Int(port),
                authorization: account.map { .basic(credentials: $0.exposed) }
            )
        }
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let parts = duration.components
        self = .seconds(parts.seconds) + .nanoseconds(parts.attoseconds / 1_000_000_000)
    }
}
