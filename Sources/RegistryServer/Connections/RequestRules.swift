// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import NIOHTTP1

/// Holds requests to what HTTP/1.1 says of their ends, right behind the decoder.
///
/// A request whose connection is not to be kept, however it says so, is the last one: its answer says `close` and ends
/// the connection, and no byte behind it is looked at. So is one whose answer says `close` of its own: what is left of its
/// body is read, and nothing behind that. A length that no body can have is refused: 400, and the end.
final class RequestRules: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Digits of the largest length: what is longer is no number of bytes.
    private static let mostDigits = 18

    /// Requests whose answers have not ended.
    private var underWay = 0
    /// The last of them ends the connection.
    private var hasLast = false
    /// The answer that is being sent ends the connection.
    private var isAnswerLast = false
    /// A body is coming.
    private var isInBody = false
    /// Whatever comes is nobody's.
    private var isOver = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isOver { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard Self.hasPossibleLength(head) else {
                isOver = true
                context.fireErrorCaught(HTTPParserError.invalidContentLength)
                return
            }
            underWay += 1
            isInBody = true
            if !head.isKeepAlive { hasLast = true }
        case .body: break
        case .end:
            isInBody = false
            isOver = hasLast
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The decoder complains of bytes behind the last request.
        if isOver, error is HTTPParserError { return }
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.code >= 200:
            let saysClose = head.headers[canonicalForm: "Connection"].contains { $0.lowercased() == "close" }
            isAnswerLast = saysClose || hasLast && underWay == 1
            if isAnswerLast { head.headers.replaceOrAdd(name: "Connection", value: "close") }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            underWay = max(0, underWay - 1)
            guard isAnswerLast else { return context.write(data, promise: promise) }
            hasLast = true
            isOver = !isInBody
            context.writeAndFlush(data, promise: promise)
            // The client reads to the end, and closes.
            context.close(mode: .output, promise: nil)
        default: context.write(data, promise: promise)
        }
    }

    private static func hasPossibleLength(_ head: HTTPRequestHead) -> Bool {
        head.headers["Content-Length"].allSatisfy { text in
            (1...mostDigits).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }
    }
}
