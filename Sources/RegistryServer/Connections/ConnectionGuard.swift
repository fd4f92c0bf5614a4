// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import WorkerModel

/// Watches over one connection: takes it into the table, and ends it when its client is too slow.
///
/// Stands behind the decoder, so that it sees whole heads: a head that comes byte by byte is none until its end. Who
/// must send a body, or take an answer, has a credit of `idle` that passes with time and grows with every byte. While the
/// server itself does not read, no time passes. What the front answers before the decoder it hears from the front.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum Phase {
        /// No head has come; the moment by which one must.
        case waiting(until: NIODeadline)
        /// A body is coming; the moment at which the credit is used up.
        case receiving(until: NIODeadline)
        /// The answer is made or sent.
        case answering
    }

    private let table: ConnectionTable
    weak var front: FrontHandler?
    private var connection: Connection?
    private var phase = Phase.answering
    private var requests = 0
    private var isReadAwaited = false
    /// Bytes that the client had not taken at the last look, and the moment at which its credit for them is used up.
    private var untaken = 0
    private var takesUntil = NIODeadline.distantFuture
    private var timer: Scheduled<Void>?

    init(_ table: ConnectionTable) { self.table = table }

    func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { begin(context) } }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard connection == nil else { return }
        let connection = Connection(context.channel)
        if table.admit(connection) != nil {
            context.close(promise: nil)
            return
        }
        self.connection = connection
        phase = .waiting(until: .now() + TimeAmount(table.limits.head))
        watch(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    private func end() {
        timer?.cancel()
        timer = nil
        if let connection { table.remove(connection) }
        connection = nil
    }

    // MARK: What passes

    func read(context: ChannelHandlerContext) {
        isReadAwaited = true
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReadAwaited = false
        switch unwrapInboundIn(data) {
        case .head:
            requests += 1
            connection?.work()
            phase = .receiving(until: .now() + TimeAmount(table.limits.idle))
        case .body(let bytes): credit(bytes.readableBytes)
        case .end: phase = .answering
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            requests = max(0, requests - 1)
            if requests == 0, case .answering = phase {
                connection?.wait()
                phase = .waiting(until: .now() + TimeAmount(table.limits.idle))
            }
        }
        context.write(data, promise: promise)
        if case .end = unwrapOutboundIn(data) { front?.exchangeEnded() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.fireErrorCaught(error)
        // Nobody knows where the next request would begin. What the front has held back comes behind the error.
        if error is HTTPParserError { front?.connectionEnds() }
    }

    /// To be called when the front begins an answer that takes time.
    func frontBegan() {
        connection?.work()
        phase = .answering
    }

    /// To be called when the front has answered.
    func frontEnded() {
        connection?.wait()
        phase = .waiting(until: .now() + TimeAmount(table.limits.idle))
    }

    private func credit(_ bytes: Int) {
        if case .receiving(let until) = phase { phase = .receiving(until: extended(until, by: bytes)) }
    }

    private func extended(_ until: NIODeadline, by bytes: Int) -> NIODeadline {
        let earned = Int64(min(bytes, 1 << 30)) * 1_000_000_000 / max(1, table.limits.slowest.bytes)
        return min(until + .nanoseconds(earned), .now() + TimeAmount(table.limits.idle))
    }

    // MARK: Time

    private func watch(_ context: ChannelHandlerContext) {
        let limits = table.limits
        let interval = TimeAmount(min(limits.head, limits.idle) / 4)
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: interval) {
            let (handler, context) = loopBound.value
            handler.look(context)
        }
    }

    private func look(_ context: ChannelHandlerContext) {
        guard connection != nil else { return }
        let now = NIODeadline.now()
        switch phase {
        case .waiting(let until) where until <= now: cut(context, .head)
        case .receiving where !isReadAwaited: credit(Int.max)
        case .receiving(let until) where until <= now: cut(context, .slow)
        default: break
        }
        lookAtAnswer(context)
        if takesUntil <= now { cut(context, .slow) }
        if connection != nil { watch(context) }
    }

    /// More bytes that wait than before: the client has taken enough for the server to go on.
    private func lookAtAnswer(_ context: ChannelHandlerContext) {
        // A channel that does not tell how much waits is not cut for it.
        let waiting = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        let isNew = waiting == 0 || waiting > untaken
        takesUntil = isNew ? .now() + TimeAmount(table.limits.idle) : extended(takesUntil, by: untaken - waiting)
        untaken = waiting
    }

    private func cut(_ context: ChannelHandlerContext, _ reason: ConnectionTable.Reason) {
        guard connection != nil else { return }
        table.note(reason)
        end()
        context.close(promise: nil)
    }
}
