// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
package import NIOCore
package import NIOHTTP1
import NIOWebSocket

/// How a server answers requests for WebSockets.
package struct WebSocketRoutes: Sendable {
    /// Why a request is refused, asked before the upgrade; nil where it is accepted.
    package let refusal: @Sendable (HTTPRequestHead, any Channel) -> HTTPResponseStatus?
    /// Who talks on an accepted connection; called on its event loop.
    package let endpoint: @Sendable (HTTPRequestHead, any Channel) -> (any WebSocketEndpoint, WebSocketSettings)
    /// From the connection to the end of the upgrade.
    package let handshake: Duration

    package init(
        handshake: Duration,
        refusal: @escaping @Sendable (HTTPRequestHead, any Channel) -> HTTPResponseStatus?,
        endpoint: @escaping @Sendable (HTTPRequestHead, any Channel) -> (any WebSocketEndpoint, WebSocketSettings)
    ) {
        self.handshake = handshake
        self.refusal = refusal
        self.endpoint = endpoint
    }
}

extension Channel {
    /// Makes this accepted connection speak HTTP until it is upgraded.
    package func serveWebSockets(_ routes: WebSocketRoutes) -> EventLoopFuture<Void> {
        let upgrader = ServerUpgrader(routes)
        return pipeline.configureHTTPServerPipeline(
            withServerUpgrade: (
                [upgrader],
                { context in
                    context.pipeline.syncOperations.removeHandler(name: RefusingHandler.name, promise: nil)
                }
            )
        ).flatMapThrowing {
            try self.pipeline.syncOperations.addHandler(
                RefusingHandler(routes),
                name: RefusingHandler.name
            )
        }
    }
}

/// NIO's handshake, with our handler after it.
private final class ServerUpgrader: HTTPServerProtocolUpgrader, Sendable {
    let supportedProtocol = "websocket"
    let requiredUpgradeHeaders: [String] = []
    private let routes: WebSocketRoutes
    private let handshake: NIOWebSocketServerUpgrader

    init(_ routes: WebSocketRoutes) {
        self.routes = routes
        handshake = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeSucceededFuture(routes.refusal(head, channel) == nil ? HTTPHeaders() : nil)
            },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
        )
    }

    func buildUpgradeResponse(
        channel: any Channel,
        upgradeRequest: HTTPRequestHead,
        initialResponseHeaders: HTTPHeaders
    ) -> EventLoopFuture<HTTPHeaders> {
        handshake.buildUpgradeResponse(
            channel: channel,
            upgradeRequest: upgradeRequest,
            initialResponseHeaders: initialResponseHeaders
        )
    }

    func upgrade(context: ChannelHandlerContext, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<Void> {
        let channel = context.channel
        return channel.eventLoop.makeCompletedFuture {
            let (endpoint, settings) = routes.endpoint(upgradeRequest, channel)
            try channel.pipeline.syncOperations.addHandler(
                WebSocketHandler(endpoint, role: .server, settings: settings)
            )
        }
    }
}

/// Answers every request that is no upgrade, and ends connections that do not come to the point.
private final class RefusingHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    static let name = "refuse what is no upgrade"
    private let routes: WebSocketRoutes
    private var timer: Scheduled<Void>?
    private var status = HTTPResponseStatus.notFound

    init(_ routes: WebSocketRoutes) { self.routes = routes }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: TimeAmount(routes.handshake)) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = routes.refusal(head, context.channel) ?? .upgradeRequired
        case .body: break
        case .end: answer(context)
        }
    }

    private func answer(_ context: ChannelHandlerContext) {
        var headers: HTTPHeaders = ["content-length": "0", "connection": "close"]
        if status == .upgradeRequired { headers.add(name: "upgrade", value: "websocket") }
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let channel = context.channel
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
    }

    /// A refused upgrade goes on as an ordinary request, which is answered.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is NIOWebSocketUpgradeError { return }
        context.close(promise: nil)
    }
}
