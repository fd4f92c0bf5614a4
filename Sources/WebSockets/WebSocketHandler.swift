// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import NIOCore

/// One WebSocket on its event loop, after the upgrade.
final class WebSocketHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// How much is encoded before it is given to the channel.
    private static let batchBytes = 128 << 10
    private static let closingTime = TimeAmount.seconds(5)

    private let endpoint: any WebSocketEndpoint
    private let settings: WebSocketSettings
    private let encoder: WebSocketEncoder
    private var decoder: WebSocketDecoder
    private var context: ChannelHandlerContext?
    private var link: WebSocketLink?

    /// Taken from the link, not yet given to the channel.
    private var pending: [OutboundMessage] = []
    private var next = 0
    private var closing: WebSocketCloseCode?
    private var isCloseSent = false
    private var receivedCode: WebSocketCloseCode?

    /// What was given to the channel or waits for it.
    private var unwrittenCost = 0
    private var isReadWanted = false
    /// The endpoint has no room for more, which says nothing about the peer.
    private var isHeldByEndpoint = false
    private var needsFlush = false
    private var lastSign = NIODeadline.now()
    /// When the peer was pinged over a silence that lasts.
    private var pinged: NIODeadline?
    private var check: Scheduled<Void>?
    /// What was taken of the budget for messages that are not whole yet.
    private var budgetTaken = 0

    init(_ endpoint: any WebSocketEndpoint, role: WebSocketDecoder.Role, settings: WebSocketSettings) {
        self.endpoint = endpoint
        self.settings = settings
        decoder = WebSocketDecoder(
            role: role,
            messageBytes: settings.messageBytes,
            discardsMessages: settings.discardsMessages
        )
        encoder = role == .server ? .server : .client
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let own = NIOLoopBound(self, eventLoop: context.eventLoop)
        let link = WebSocketLink(eventLoop: context.eventLoop) { own.value.drain() }
        self.link = link
        lastSign = .now()
        scheduleCheck(context)
        endpoint.opened(link)
    }

    func handlerRemoved(context: ChannelHandlerContext) { finish() }

    func channelInactive(context: ChannelHandlerContext) {
        finish()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Lets go of everything; the link holds this handler until then.
    private func finish() {
        guard context != nil else { return }
        context = nil
        check?.cancel()
        check = nil
        link?.markClosed()
        link = nil
        pending = []
        settings.budget?.give(budgetTaken)
        budgetTaken = 0
        endpoint.closed(receivedCode)
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var input = unwrapInboundIn(data)
        lastSign = .now()
        do throws(WebSocketFault) {
            while receivedCode == nil, let event = try decoder.next(from: &input) { receive(event, context) }
        } catch {
            return fail(with: error.closeCode, context)
        }
        if let budget = settings.budget, !takes(decoder.heldBytes, of: budget) { fail(with: .tooLarge, context) }
    }

    private func takes(_ bytes: Int, of budget: ByteBudget) -> Bool {
        budget.give(budgetTaken)
        budgetTaken = 0
        guard budget.take(bytes) else { return false }
        budgetTaken = bytes
        return true
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if needsFlush {
            needsFlush = false
            context.flush()
        }
        context.fireChannelReadComplete()
    }

    /// A peer that does not read what it is sent is not read from either.
    func read(context: ChannelHandlerContext) {
        let own = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loop = context.eventLoop
        isHeldByEndpoint = !endpoint.mayRead { loop.execute { own.value.readOn() } }
        if isHeldByEndpoint || unwrittenCost > settings.pauseReadingAbove {
            isReadWanted = true
        } else {
            context.read()
        }
    }

    private func readOn() {
        guard let context, isReadWanted else { return }
        isReadWanted = false
        lastSign = .now()
        read(context: context)
    }

    private func receive(_ event: WebSocketDecoder.Event, _ context: ChannelHandlerContext) {
        switch event {
        case .text(let text): endpoint.received(text: text)
        case .binary(let data): endpoint.received(binary: data)
        case .ping(let content):
            // A peer that pings without reading gets no answers to pile up.
            guard context.channel.isWritable, !isCloseSent else { return }
            write(.pong, content, context)
            needsFlush = true
        case .pong: break
        case .close(let code):
            receivedCode = code ?? .normal
            sendClose(code, context)
            closeSoon(context)
        }
    }

    private func fail(with code: WebSocketCloseCode, _ context: ChannelHandlerContext) {
        receivedCode = code
        sendClose(code, context)
        closeSoon(context)
    }

    // MARK: Writing

    /// Gives the channel what waits, as long as it takes it.
    func drain() {
        guard let context, !isCloseSent, let link else { return }
        takeOver(link)
        var hasWritten = false
        while next < pending.count, context.channel.isWritable {
            writeBatch(context)
            hasWritten = true
            if next == pending.count { takeOver(link) }
        }
        if hasWritten { context.flush() }
        guard let closing else { return }
        if next == pending.count { sendClose(closing, context) }
        closeSoon(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { drain() }
        context.fireChannelWritabilityChanged()
    }

    private func takeOver(_ link: WebSocketLink) {
        let (messages, code) = link.take()
        if let code { closing = code }
        guard !messages.isEmpty else { return }
        for message in messages { unwrittenCost += message.cost }
        if next == pending.count {
            pending = messages
            next = 0
        } else {
            pending.append(contentsOf: messages)
        }
    }

    private func writeBatch(_ context: ChannelHandlerContext) {
        var output = context.channel.allocator.buffer(capacity: 1024)
        var pieces: [ByteBuffer] = []
        var cost = 0
        let first = next
        while next < pending.count, output.readableBytes < Self.batchBytes, pieces.isEmpty {
            cost += pending[next].cost
            if pending[next].isLarge {
                pieces = pending[next].buffers(with: encoder)
            } else {
                pending[next].write(to: &output, with: encoder)
            }
            // A large message is let go of at once.
            pending[next] = .text(ByteBuffer())
            next += 1
        }
        let count = next - first
        if next == pending.count {
            pending = []
            next = 0
        }
        send([output] + pieces, of: count, cost, context)
    }

    /// Gives buffers to the channel and counts their messages as written once the last has left.
    private func send(_ buffers: [ByteBuffer], of count: Int, _ cost: Int, _ context: ChannelHandlerContext) {
        let own = NIOLoopBound(self, eventLoop: context.eventLoop)
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenSuccess { [cost] in own.value.didWrite(count, cost) }
        let filled = buffers.filter { $0.readableBytes > 0 }
        for buffer in filled.dropLast() { context.write(wrapOutboundOut(buffer), promise: nil) }
        context.write(wrapOutboundOut(filled.last ?? ByteBuffer()), promise: promise)
    }

    private func didWrite(_ messages: Int, _ cost: Int) {
        guard let context else { return }
        lastSign = .now()
        unwrittenCost -= cost
        endpoint.written(messages: messages, cost: cost)
        if closing != nil, !isCloseSent { closeSoon(context) }
        if !isHeldByEndpoint, unwrittenCost <= settings.pauseReadingAbove / 2 { readOn() }
    }

    private func write(_ opcode: WebSocketOpcode, _ content: ByteBuffer, _ context: ChannelHandlerContext) {
        var output = context.channel.allocator.buffer(capacity: content.readableBytes + 14)
        encoder.write(opcode, content, to: &output)
        context.write(wrapOutboundOut(output), promise: nil)
    }

    // MARK: Closing

    private func sendClose(_ code: WebSocketCloseCode?, _ context: ChannelHandlerContext) {
        guard !isCloseSent else { return }
        isCloseSent = true
        var output = context.channel.allocator.buffer(capacity: 16)
        encoder.writeClose(code, to: &output)
        let channel = context.channel
        let promise = context.eventLoop.makePromise(of: Void.self)
        // Whoever was told goodbye by the peer has nothing to wait for.
        if receivedCode != nil { promise.futureResult.whenComplete { _ in channel.close(promise: nil) } }
        context.writeAndFlush(wrapOutboundOut(output), promise: promise)
        if receivedCode != nil { return }
        link?.markClosed()
    }

    /// Ends the connection some time after the last progress, whether or not the peer answers.
    private func closeSoon(_ context: ChannelHandlerContext) {
        check?.cancel()
        let channel = context.channel
        check = context.eventLoop.scheduleTask(in: Self.closingTime) { channel.close(promise: nil) }
        if receivedCode != nil, isCloseSent, closing != nil { channel.close(promise: nil) }
    }

    // MARK: Silence

    private func scheduleCheck(_ context: ChannelHandlerContext) {
        guard let pingAfter = settings.pingAfter else { return }
        let own = NIOLoopBound(self, eventLoop: context.eventLoop)
        let due = lastSign + TimeAmount(pingAfter)
        check = context.eventLoop.scheduleTask(deadline: due) { own.value.checkSilence(TimeAmount(pingAfter)) }
    }

    /// Pings a peer that has been silent, and gives up one that stayed so.
    private func checkSilence(_ pingAfter: TimeAmount) {
        guard let context, closing == nil, !isCloseSent else { return }
        if isHeldByEndpoint { lastSign = .now() }
        let now = NIODeadline.now()
        if now - lastSign < pingAfter {
            pinged = nil
            return scheduleCheck(context)
        }
        let patience = TimeAmount(settings.pongWithin)
        // Whoever was not asked has not failed to answer: this process may have stood still itself.
        if let pinged, pinged > lastSign, now - pinged >= patience {
            receivedCode = .goingAway
            return context.close(promise: nil)
        }
        write(.ping, ByteBuffer(), context)
        context.flush()
        pinged = now
        let own = NIOLoopBound(self, eventLoop: context.eventLoop)
        check = context.eventLoop.scheduleTask(in: patience) { own.value.checkSilence(pingAfter) }
    }
}
