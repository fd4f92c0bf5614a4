// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import NIOCore
import NIOPosix

/// Stands for the engine, or for something that a worker must not reach: what comes in goes out, and who came is counted.
package final class EchoServer: Sendable {
    package let channel: any Channel
    private let visitors: Counter

    package static func start() async throws -> EchoServer {
        let visitors = Counter()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Echo(visitors))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return EchoServer(channel, visitors)
    }

    private init(_ channel: any Channel, _ visitors: Counter) {
        self.channel = channel
        self.visitors = visitors
    }

    package var port: UInt16 { UInt16(channel.localAddress?.port ?? 0) }
    package var visits: Int { visitors.value }

    package func stop() async { try? await channel.close() }
}

private final class Echo: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let visitors: Counter

    init(_ visitors: Counter) { self.visitors = visitors }

    func channelActive(context: ChannelHandlerContext) { visitors.add() }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(wrapOutboundOut(unwrapInboundIn(data)), promise: nil)
    }
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { context.close(mode: .output, promise: nil) }
    }
}
