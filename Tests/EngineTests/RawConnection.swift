// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import NIOPosix

/// A request for a WebSocket.
func upgrade(_ path: String, origin: String? = nil) -> String {
    "GET \(path) HTTP/1.1\r\nHost: x\r\n\(origin.map { "Origin: \($0)\r\n" } ?? "")Upgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
}

/// A TCP connection, byte by byte.
struct RawConnection {
    private let channel: any Channel
    private let received: AsyncStream<ByteBuffer>

    init(port: Int) async throws {
        try await self.init { try await $0.connect(host: "127.0.0.1", port: port).get() }
    }

    /// A connection over a socket that is there, which it takes over.
    init(socket: CInt) async throws { try await self.init { try await $0.withConnectedSocket(socket).get() } }

    private init(_ connect: (ClientBootstrap) async throws -> any Channel) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        received = stream
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation))
                }
            }
        channel = try await connect(bootstrap)
    }

    func send(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes) }

    /// Ends the connection without a word.
    func close() async throws { try await channel.close() }

    func stopReading() async throws { try await channel.setOption(.autoRead, value: false).get() }

    /// What came until there is so much of it, or the connection closed.
    func receive(atLeast count: Int) async throws -> ByteBuffer {
        var result = ByteBuffer()
        if count <= 0 { return result }
        for await bytes in received {
            result.writeImmutableBuffer(bytes)
            if result.readableBytes >= count { break }
        }
        return result
    }

    /// Whether a text comes before the end.
    func receive(until text: String) async throws -> Bool {
        var result = ByteBuffer()
        for await bytes in received {
            result.writeImmutableBuffer(bytes)
            if String(buffer: result).contains(text) { return true }
        }
        return false
    }

    /// Whether the connection is closed by the other end.
    func receiveAll() async throws -> Bool {
        for await _ in received {}
        return true
    }
}

private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let continuation: AsyncStream<ByteBuffer>.Continuation

    init(_ continuation: AsyncStream<ByteBuffer>.Continuation) { self.continuation = continuation }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { continuation.yield(unwrapInboundIn(data)) }

    func channelInactive(context: ChannelHandlerContext) {
        continuation.finish()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
