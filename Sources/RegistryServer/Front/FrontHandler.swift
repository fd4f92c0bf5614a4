// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Logging
import NIOCore
import RegistryService
import SystemPackage
import Transport
import WorkerModel

/// Answers what is ready before the framework sees it: pages of `GET /download` from memory, blobs by the kernel.
///
/// It reads requests off the bytes of a connection, one after the other. One that it cannot answer goes on to the
/// framework as the bytes that came, with its body, and the next waits until that is answered, so that answers keep their
/// order. After the first request with anything unusual about it the connection is the framework's for good.
final class FrontHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private enum State {
        case front
        /// The framework has one request, and the front waits for the end of its body and of its answer.
        case framework(bodyRest: Int, isAnswered: Bool)
        /// A blob is looked up, or sent.
        case blob(BlobSending?)
        /// Answers of one turn are out: others have theirs, or, with `isFull`, the client has to take some first.
        case resting(isFull: Bool)
        case handedOver
    }

    /// A head that is longer than this before its end has come is read by the framework.
    private static let longestHead = 4096
    /// More than this is not read while an answer is under way.
    private static let mostAhead = 64 << 10
    /// With so many bytes of answers a connection has had its turn: what waits to be taken is this and one answer.
    private static let turn = 128 << 10

    private let loop: FrontLoop
    private var state = State.front
    /// Bytes that came and are nobody's yet.
    private var pending = ByteBuffer()
    /// Events that wait for the end of what the front sends itself.
    private var heldEvents: [Any] = []
    private var holdsRead = false
    private var watching: Scheduled<Void>?
    /// When what is being answered had come.
    private var start = NIODeadline.now()
    /// Where the connection comes from, once it was asked for.
    private var peer: IPAddress?
    private var context: ChannelHandlerContext?
    weak var connection: ConnectionGuard?

    private var settings: FrontSettings { loop.settings }

    init(_ loop: FrontLoop) { self.loop = loop }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .handedOver = state { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        if pending.readableBytes == 0 {
            pending = bytes
        } else {
            pending.writeBuffer(&bytes)
        }
        if case .framework = state { passOnBody(context) } else { process(context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .handedOver = state { context.fireChannelReadComplete() }
    }

    func read(context: ChannelHandlerContext) {
        // Who does not take answers is not listened to.
        if case .resting(true) = state {
            holdsRead = true
        } else if pending.readableBytes > Self.mostAhead {
            holdsRead = true
        } else {
            context.read()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, case .resting(true) = state { goOn(context) }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // They may end the connection, which must wait until what was asked is answered.
        switch state {
        case .blob, .resting: heldEvents.append(event)
        // Nothing that came before it comes after it: the client may have said all that it has to say.
        case .framework where pending.readableBytes > 0: heldEvents.append(event)
        case .front where pending.readableBytes > 0:
            handOver(context)
            context.fireUserInboundEventTriggered(event)
        case .front, .framework, .handedOver: context.fireUserInboundEventTriggered(event)
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // Behind the last answer nothing is answered.
        if mode != .input { connectionEnds() }
        context.close(mode: mode, promise: promise)
    }

    /// To be called when no request is answered any more behind the one that the framework has.
    func connectionEnds() {
        guard case .framework(let rest, _) = state, let context else { return }
        state = .handedOver
        // What is left of a body is read, and then nothing.
        let bytes = pending.readSlice(length: min(rest, pending.readableBytes))
        pending = ByteBuffer()
        if let bytes, rest > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
        fireHeldEvents(context)
    }

    /// To be called when the framework has written the end of an answer.
    func exchangeEnded() {
        guard case .framework(let rest, _) = state, let context else { return }
        if rest == 0 { goOn(context) } else { state = .framework(bodyRest: rest, isAnswered: true) }
    }

    /// Goes on with the next request.
    private func goOn(_ context: ChannelHandlerContext) {
        state = .front
        process(context)
        fireHeldEvents(context)
        if holdsRead, pending.readableBytes <= Self.mostAhead, !isResting {
            holdsRead = false
            context.read()
        }
    }

    private func fireHeldEvents(_ context: ChannelHandlerContext) {
        let events = heldEvents
        heldEvents = []
        for event in events { userInboundEventTriggered(context: context, event: event) }
    }

    private func process(_ context: ChannelHandlerContext) {
        start = .now()
        loop.output.clear()
        while case .front = state, pending.readableBytes > 0 {
            let outcome = pending.withUnsafeReadableBytes {
                FrontRequest.parse(
                    $0,
                    upTo: Int(settings.limits.headers.bytes),
                    fields: settings.limits.headerCount
                )
            }
            switch outcome {
            case .incomplete:
                if pending.readableBytes <= Self.longestHead { return send(context) }
                handOver(context)
            case .unusual: handOver(context)
            case .request(let request):
                if loop.output.readableBytes >= Self.turn || !context.channel.isWritable { return rest(context) }
                if request.method != .other, answerFromMemory(request, context) { continue }
                send(context)
                if request.method != .get || !beginBlob(request, context) { passOn(request, context) }
            }
        }
        send(context)
    }

    private var isResting: Bool { if case .resting = state { true } else { false } }

    /// Sends what a turn has brought together, and waits for the next one.
    private func rest(_ context: ChannelHandlerContext) {
        send(context)
        state = .resting(isFull: !context.channel.isWritable)
        if !context.channel.isWritable {
            // No time passes for the next head while the client takes what there is.
            connection?.frontBegan()
            return
        }
        context.eventLoop.assumeIsolated().execute {
            guard let context = self.context, case .resting(false) = self.state else { return }
            self.goOn(context)
        }
    }

    /// Sends the answers that were put together.
    private func send(_ context: ChannelHandlerContext) {
        guard loop.output.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(loop.output)), promise: nil)
        loop.output.clear()
        connection?.frontEnded()
    }

    /// Gives one request to the framework.
    private func passOn(_ request: FrontRequest, _ context: ChannelHandlerContext) {
        let length = request.length + min(request.bodyLength, pending.readableBytes - request.length)
        guard let bytes = pending.readSlice(length: length) else { return }
        state = .framework(bodyRest: request.length + request.bodyLength - length, isAnswered: false)
        context.fireChannelRead(wrapInboundOut(bytes))
        context.fireChannelReadComplete()
    }

    /// Gives the framework what has come of a body.
    private func passOnBody(_ context: ChannelHandlerContext) {
        guard case .framework(let rest, let isAnswered) = state, rest > 0,
            let bytes = pending.readSlice(length: min(rest, pending.readableBytes))
        else { return }
        let left = rest - bytes.readableBytes
        state = .framework(bodyRest: left, isAnswered: isAnswered)
        context.fireChannelRead(wrapInboundOut(bytes))
        context.fireChannelReadComplete()
        if left == 0, isAnswered { return goOn(context) }
        if pending.readableBytes == 0 { fireHeldEvents(context) }
    }

    /// Gives the connection to the framework, with all that has come and will come.
    private func handOver(_ context: ChannelHandlerContext) {
        send(context)
        state = .handedOver
        let bytes = pending
        pending = ByteBuffer()
        context.fireChannelRead(wrapInboundOut(bytes))
        context.fireChannelReadComplete()
    }
}

// MARK: Pages

extension FrontHandler {
    private func bytes(_ span: FrontRequest.Span) -> ByteBuffer {
        pending.getSlice(at: pending.readerIndex + span.lowerBound, length: span.count) ?? ByteBuffer()
    }

    private func text(_ span: FrontRequest.Span?) -> String? { span.map { String(buffer: bytes($0)) } }

    private func answerFromMemory(_ request: FrontRequest, _ context: ChannelHandlerContext) -> Bool {
        let target = bytes(request.target)
        // The rest of the targets that are asked for often: blobs.
        guard target.readableBytes > 10, target.getInteger(at: target.readerIndex + 1) == UInt8(ascii: "d"),
            let page = loop.page(for: target)
        else { return false }
        let isNotModified = text(request.ifNoneMatch).map { page.tag.matches([$0]) } ?? false
        loop.write(isNotModified ? page.notModified : page.full, headOnly: request.isHead)
        if !request.isHead { page.tally.add(isCI: page.isCI) }
        settings.counters.page(isHead: request.isHead, isNotModified: isNotModified).add()
        let duration = Duration(.now() - start)
        settings.counters.pageDurations.add(duration)
        if settings.log.level <= .info {
            line(request, target, context).write(status: isNotModified ? 304 : 200, after: duration, to: settings.log)
        }
        pending.moveReaderIndex(forwardBy: request.length)
        return true
    }

    private func line(
        _ request: FrontRequest,
        _ target: ByteBuffer,
        _ context: ChannelHandlerContext
    ) -> RequestLine {
        let path = target.readableBytesView.prefix { $0 != UInt8(ascii: "?") }
        return RequestLine(
            id: String(decoding: loop.id.digits, as: UTF8.self),
            method: request.isHead ? "HEAD" : "GET",
            path: String(decoding: path, as: UTF8.self),
            client: address(of: request, context)
        )
    }

    private func address(of request: FrontRequest, _ context: ChannelHandlerContext) -> String {
        if peer == nil { peer = context.channel.remoteAddress.flatMap { IPAddress($0) } }
        guard let peer else { return "unknown" }
        guard let forwarded = text(request.forwardedFor) else { return peer.client }
        return settings.proxies.client(peer: peer, forwardedFor: [forwarded]).client
    }
}

/// A blob on its way out.
private struct BlobSending {
    let blob: OpenBlob
    let file: NIOFileHandle
    /// What is still to be sent.
    var rest: Range<Int64>
    let start: NIODeadline
    let line: RequestLine
}

extension FrontHandler {
    /// The kernel sends this much at once; a client that takes less of it than this while the idle time passes is cut.
    private static let pieceSize: Int64 = 1 << 20

    /// Looks a blob up, where the kernel can send it.
    ///
    /// - Returns: whether the request is one for a blob, and is being answered.
    private func beginBlob(_ request: FrontRequest, _ context: ChannelHandlerContext) -> Bool {
        guard !settings.isSecure, let digest = BlobTarget.digest(bytes(request.target)) else {
            return false
        }
        let question = BlobQuestion(
            ifNoneMatch: text(request.ifNoneMatch),
            range: text(request.range),
            ifRange: text(request.ifRange)
        )
        state = .blob(nil)
        connection?.frontBegan()
        let (promise, blobs) = (context.eventLoop.makePromise(of: OpenBlob?.self), settings.service.served)
        promise.completeWithTask { try await OpenBlob.open(digest, question, in: blobs) }
        promise.futureResult.assumeIsolated().whenComplete { result in
            // What cannot be opened, is not there, or needs no bytes is for the framework to answer.
            self.found((try? result.get()) ?? nil, request)
        }
        return true
    }

    private func found(_ blob: OpenBlob?, _ request: FrontRequest) {
        guard let context, context.channel.isActive else {
            blob?.close()
            return
        }
        guard let blob else { return passOn(request, context) }
        let target = bytes(request.target)
        loop.output.clear()
        loop.write(ReadyResponse(status: blob.status, fields: blob.fields), headOnly: true)
        let line = line(request, target, context)
        pending.moveReaderIndex(forwardBy: request.length)
        context.write(wrapOutboundOut(.byteBuffer(loop.output)), promise: nil)
        loop.output.clear()
        let file = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: blob.descriptor.rawValue)
        sendPiece(of: BlobSending(blob: blob, file: file, rest: blob.range, start: start, line: line), context)
    }

    private func sendPiece(of sending: BlobSending, _ context: ChannelHandlerContext) {
        if sending.rest.isEmpty {
            context.flush()
            end(sending)
            connection?.frontEnded()
            return goOn(context)
        }
        var next = sending
        let end = min(sending.rest.upperBound, sending.rest.lowerBound + Self.pieceSize)
        next.rest = end..<sending.rest.upperBound
        state = .blob(next)
        guard sending.blob.reaches(end) else { return sent(.failure(ChannelError.eof)) }
        watch(sending.blob, upTo: end, context)
        let piece = FileRegion(
            fileHandle: sending.file,
            readerIndex: Int(sending.rest.lowerBound),
            endIndex: Int(end)
        )
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { result in self.sent(result) }
        context.writeAndFlush(wrapOutboundOut(.fileRegion(piece)), promise: promise)
    }

    /// Looks at the file from time to time until a piece is sent: of one that was cut meanwhile the kernel sends nothing,
    /// and says that more can be sent.
    private func watch(_ blob: OpenBlob, upTo end: Int64, _ context: ChannelHandlerContext) {
        watching?.cancel()
        watching = context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) {
            guard case .blob(_?) = self.state, let context = self.context else { return }
            if blob.reaches(end) { self.watch(blob, upTo: end, context) } else { self.sent(.failure(ChannelError.eof)) }
        }
    }

    private func sent(_ result: Result<Void, any Error>) {
        watching?.cancel()
        watching = nil
        guard case .blob(let sending?) = state else { return }
        guard case .success = result, let context, context.channel.isActive else {
            if !sending.blob.reaches(sending.blob.range.upperBound) {
                BlobDamage.log(sending.blob.digest, settings.log.logger)
            }
            end(sending)
            state = .handedOver
            // What was promised cannot be kept.
            context?.close(promise: nil)
            return
        }
        // Others on this loop have their turn first.
        context.eventLoop.assumeIsolated().execute {
            guard let context = self.context, case .blob(let sending?) = self.state else { return }
            self.sendPiece(of: sending, context)
        }
    }

    /// Counts a blob that is out, or whose client has gone.
    private func end(_ sending: BlobSending) {
        // A file that was only read has nothing to lose when it is closed.
        try? sending.file.close()
        let duration = Duration(.now() - sending.start)
        (sending.blob.isPart ? settings.counters.parts : settings.counters.blobs).add()
        settings.counters.blobDurations.add(duration)
        sending.line.write(status: sending.blob.isPart ? 206 : 200, after: duration, to: settings.log)
    }
}
