// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
package import Transport

/// A real HTTP server on a loopback port of the system's choice, whose answers are written byte by byte by the test.
package final class LoopbackServer: Sendable {
    /// One request, whole.
    package struct Received: Sendable {
        package let method: String
        /// Path and query.
        package let target: String
        package let headers: HeaderFields
        package let body: [UInt8]

        package var path: String { String(target.prefix { $0 != "?" }) }
    }

    /// What the server does for one request.
    package enum Step: Sendable {
        case send([UInt8])
        /// Ends the connection.
        case close
        /// Ends the connection with a reset.
        case reset
        /// Does nothing more; the connection stays open.
        case hang
    }

    package let port: Int
    private let channel: any Channel
    private let log: RequestLog

    private init(channel: any Channel, log: RequestLog) {
        self.channel = channel
        self.log = log
        port = channel.localAddress?.port ?? 0
    }

    /// What was asked, in order.
    package var requests: [Received] { log.requests.withLock { $0 } }
    package var url: String { "http://127.0.0.1:\(port)" }

    /// Runs `body` with a server, which is gone afterwards.
    ///
    /// `configure` may put more handlers before the HTTP decoder, such as TLS.
    package static func with<Result>(
        configure: @escaping @Sendable (any Channel) throws -> Void = { _ in },
        answer: @escaping @Sendable (Received) -> [Step],
        _ body: (LoopbackServer) async throws -> Result
    ) async throws -> Result {
        let log = RequestLog()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try configure(channel)
                    let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(decoder))
                    try channel.pipeline.syncOperations.addHandler(AnswerHandler(log: log, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = LoopbackServer(channel: channel, log: log)
        do {
            let result = try await body(server)
            try await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }
}

private final class RequestLog: Sendable {
    let requests = Mutex<[LoopbackServer.Received]>([])
}

private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let log: RequestLog
    private let answer: @Sendable (LoopbackServer.Received) -> [LoopbackServer.Step]
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(log: RequestLog, answer: @escaping @Sendable (LoopbackServer.Received) -> [LoopbackServer.Step]) {
        self.log = log
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): (self.head, body) = (head, [])
        case .body(let buffer): body.append(contentsOf: buffer.readableBytesView)
        case .end:
            guard let head else { return }
            var headers = HeaderFields()
            for (name, value) in head.headers { headers.append(name, value) }
            let received = LoopbackServer.Received(
                method: head.method.rawValue,
                target: head.uri,
                headers: headers,
                body: body
            )
            log.requests.withLock { $0.append(received) }
            for step in answer(received) { perform(step, context: context) }
        }
    }

    /// A client that goes away is what many tests are about.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func perform(_ step: LoopbackServer.Step, context: ChannelHandlerContext) {
        switch step {
        case .send(let bytes): context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
        case .hang: break
        case .close:
            // Behind the bytes that are still on their way.
            context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in
                context.close(promise: nil)
            }
        case .reset:
            guard let options = context.channel as? any SocketOptionProvider else { return }
            // A socket that lingers for no time is closed with a reset.
            options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).assumeIsolated().whenComplete { _ in
                context.close(promise: nil)
            }
        }
    }
}

extension [LoopbackServer.Step] {
    /// One whole answer with its length.
    package static func answer(
        _ status: Int = 200,
        _ headers: KeyValuePairs<String, String> = [:],
        _ body: [UInt8] = []
    ) -> [LoopbackServer.Step] {
        [.send(head(status, headers, length: body.count) + body)]
    }

    /// The head of an answer; without `length` the answer says none.
    package static func head(
        _ status: Int = 200,
        _ headers: KeyValuePairs<String, String> = [:],
        length: Int?
    ) -> [UInt8] {
        var text = "HTTP/1.1 \(status) X\r\n"
        if let length { text += "Content-Length: \(length)\r\n" }
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        return [UInt8]((text + "\r\n").utf8)
    }
}
