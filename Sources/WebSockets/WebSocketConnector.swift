// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineProtocol
package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Why a WebSocket could not be opened.
package enum WebSocketConnectError: PlainlyWorded {
    /// No connection, or it broke before the upgrade.
    case unreachable(any Error)
    /// An answer that is no upgrade, with its status.
    case refused(status: Int)
    case timedOut

    package var plainWords: String {
        switch self {
        case .unreachable(let error): error.words
        case .refused(let status): "it answered \(status)"
        case .timedOut: "nobody answered in time"
        }
    }
}

/// Why no connection came about, for people.
private struct Unconnected: PlainlyWorded {
    let plainWords: String

    init(_ error: any Error) {
        let several = error as? NIOConnectionError
        if several.map({ $0.dnsAError != nil && $0.connectionErrors.isEmpty }) ?? false {
            plainWords = "there is no address for `\(several?.host ?? "")`"
            return
        }
        switch several?.connectionErrors.first?.error ?? error {
        case let error as IOError where error.errnoCode == ECONNREFUSED: plainWords = "the connection was refused"
        case let error as IOError: plainWords = String(cString: strerror(error.errnoCode)).lowercased()
        case ChannelError.connectTimeout: plainWords = "nobody answered in time"
        case let error: plainWords = error.words
        }
    }
}

/// Opens WebSockets to one server, without TLS.
package struct WebSocketConnector: Sendable {
    package let host: String
    package let port: Int
    package let path: String
    /// Sent with the request, besides what the upgrade needs.
    package let headers: [(String, String)]
    package let settings: WebSocketSettings

    package init(
        host: String,
        port: Int,
        path: String = "/",
        headers: [(String, String)] = [],
        settings: WebSocketSettings
    ) {
        self.host = host
        self.port = port
        self.path = path
        self.headers = headers
        self.settings = settings
    }

    /// Connects and upgrades; the endpoint is made on the connection's event loop and hears the rest.
    ///
    /// - Throws: `WebSocketConnectError`.
    package func connect(
        on group: any EventLoopGroup,
        timeout: Duration,
        endpoint: @escaping @Sendable () -> any WebSocketEndpoint
    ) async throws -> any Channel {
        let opened = group.any().makePromise(of: Void.self)
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(timeout))
            .channelInitializer { channel in prepare(channel, opened, endpoint) }
        let channel: any Channel
        do { channel = try await bootstrap.connect(host: host, port: port).get() } catch {
            opened.fail(error)
            throw WebSocketConnectError.unreachable(Unconnected(error))
        }
        let timer = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            opened.fail(WebSocketConnectError.timedOut)
        }
        defer { timer.cancel() }
        do { try await opened.futureResult.get() } catch {
            channel.close(promise: nil)
            throw error as? WebSocketConnectError ?? .unreachable(error)
        }
        return channel
    }

    private func prepare(
        _ channel: any Channel,
        _ opened: EventLoopPromise<Void>,
        _ endpoint: @escaping @Sendable () -> any WebSocketEndpoint
    ) -> EventLoopFuture<Void> {
        let upgrader = ClientUpgrader(settings: settings, opened: opened, endpoint: endpoint)
        return channel.pipeline.addHTTPClientHandlers(
            leftOverBytesStrategy: .forwardBytes,
            withClientUpgrade: (
                [upgrader],
                { context in context.pipeline.syncOperations.removeHandler(name: AskingHandler.name, promise: nil) }
            )
        ).flatMapThrowing {
            let port = port == 80 ? "" : ":\(port)"
            let own: HTTPHeaders = ["host": (host.contains(":") ? "[\(host)]" : host) + port]
            let asking = AskingHandler(
                path: path,
                headers: HTTPHeaders(own.map { ($0.name, $0.value) } + headers),
                opened: opened
            )
            try channel.pipeline.syncOperations.addHandler(asking, name: AskingHandler.name)
        }
    }
}

/// NIO's handshake, with our handler after it.
private final class ClientUpgrader: NIOHTTPClientProtocolUpgrader, Sendable {
    let supportedProtocol = "websocket"
    let requiredUpgradeHeaders: [String] = []
    private let settings: WebSocketSettings
    private let opened: EventLoopPromise<Void>
    private let endpoint: @Sendable () -> any WebSocketEndpoint
    private let handshake = NIOWebSocketClientUpgrader(upgradePipelineHandler: { channel, _ in
        channel.eventLoop.makeSucceededVoidFuture()
    })

    init(
        settings: WebSocketSettings,
        opened: EventLoopPromise<Void>,
        endpoint: @escaping @Sendable () -> any WebSocketEndpoint
    ) {
        self.settings = settings
        self.opened = opened
        self.endpoint = endpoint
    }

    func addCustom(upgradeRequestHeaders: inout HTTPHeaders) {
        handshake.addCustom(upgradeRequestHeaders: &upgradeRequestHeaders)
    }

    func shouldAllowUpgrade(upgradeResponse: HTTPResponseHead) -> Bool {
        handshake.shouldAllowUpgrade(upgradeResponse: upgradeResponse)
    }

    func upgrade(context: ChannelHandlerContext, upgradeResponse: HTTPResponseHead) -> EventLoopFuture<Void> {
        let channel = context.channel
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
                WebSocketHandler(endpoint(), role: .client, settings: settings)
            )
            opened.succeed()
        }
    }
}

/// Sends the request, and says so where the answer is no upgrade.
private final class AskingHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    static let name = "ask for the upgrade"
    private let path: String
    private let headers: HTTPHeaders
    private let opened: EventLoopPromise<Void>

    init(path: String, headers: HTTPHeaders, opened: EventLoopPromise<Void>) {
        self.path = path
        self.headers = headers
        self.opened = opened
    }

    func channelActive(context: ChannelHandlerContext) {
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        opened.fail(WebSocketConnectError.refused(status: Int(head.status.code)))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        opened.fail(WebSocketConnectError.unreachable(ChannelError.eof))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        opened.fail(WebSocketConnectError.unreachable(error))
        context.close(promise: nil)
    }
}
