// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import NIOPosix
import Sandboxing

extension GuestSession {
    /// The connections that one worker may have open at once.
    static let maximumConnections = 64

    func handleConnection(_ frame: GuestFrame) throws(GuestProtocolError) {
        if frame.kind == .open { return try open(frame) }
        // One that was closed here while the guest's frame was on its way.
        guard let connection = connections[frame.stream] else { return }
        switch frame.kind {
        case .data: try connection.write(frame.payload)
        case .finish: connection.finishTarget()
        case .close:
            connections[frame.stream] = nil
            connection.closeTarget()
        case .credit:
            guard let count: UInt32 = LittleEndian.number(frame.payload) else { throw .malformed(.credit) }
            connection.credit(Int(count))
        default: throw .unexpected(frame.kind)
        }
    }

    /// Connects to what stands behind the port that the worker connected to: nothing else can be named.
    private func open(_ frame: GuestFrame) throws(GuestProtocolError) {
        guard let index: UInt16 = LittleEndian.number(frame.payload), connections[frame.stream] == nil else {
            throw .malformed(.open)
        }
        guard connections.count < Self.maximumConnections else { throw .tooManyConnections }
        guard launch.routes.indices.contains(Int(index)) else { throw .malformed(.open) }
        let target = launch.routes[Int(index)].target
        // The first route is the engine's.
        let door = index == 0 ? launch.bus : nil
        let connection = TunnelConnection(stream: frame.stream, session: self, bus: door == nil ? launch.bus : nil)
        connections[frame.stream] = connection
        let bound = NIOLoopBound(connection, eventLoop: loop)
        let bootstrap = ClientBootstrap(group: loop)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: GuestFrame.maximumPayload))
            .connectTimeout(.seconds(10))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value) }
            }
        let opened: EventLoopFuture<any Channel>
        do {
            opened =
                if let door {
                    bootstrap.withConnectedSocket(try door.connect())
                } else if target.host.hasPrefix("/") {
                    // No host has such a name: it is a socket of ours.
                    bootstrap.connect(unixDomainSocketPath: target.host)
                } else {
                    bootstrap.connect(host: target.host, port: Int(target.port))
                }
        } catch { return connection.targetIsGone() }
        opened.whenFailure { _ in bound.value.targetIsGone() }
    }

    func forget(_ stream: UInt32) {
        guard connections.removeValue(forKey: stream) != nil else { return }
        send(GuestFrame(.close, stream: stream))
    }
}

/// A connection of the worker's: the host's side of it.
///
/// Confined to the session's event loop.
final class TunnelConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let stream: UInt32
    private weak var session: GuestSession?
    /// Hears of a connection to another address than the engine's.
    private let bus: (any BusDoor)?
    private var ownAddress: String?
    private var context: ChannelHandlerContext?
    /// From the guest, before there was somewhere to write it.
    private var early: [[UInt8]] = []
    private var outputEnds = false
    private var isClosed = false
    /// From the guest, not yet written.
    private var incoming = 0
    /// What may still be sent to the guest.
    private var window = GuestFrame.window
    private var isReading = false

    init(stream: UInt32, session: GuestSession, bus: (any BusDoor)?) {
        self.stream = stream
        self.session = session
        self.bus = bus
    }

    // MARK: From the guest

    func write(_ bytes: [UInt8]) throws(GuestProtocolError) {
        incoming += bytes.count
        guard incoming <= GuestFrame.window else { throw .overWindow(stream: stream) }
        guard context != nil else { return early.append(bytes) }
        pass(bytes)
    }

    private func pass(_ bytes: [UInt8]) {
        guard let context else { return }
        let count = bytes.count
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes))).whenSuccess {
            bound.value.incoming -= count
            bound.value.tell(.credit, LittleEndian.bytes(UInt32(count)))
        }
    }

    func finishTarget() {
        outputEnds = true
        context?.close(mode: .output, promise: nil)
    }

    func closeTarget() {
        isClosed = true
        context?.close(promise: nil)
    }

    func credit(_ count: Int) {
        window = min(GuestFrame.window, window + count)
        readMore()
    }

    /// Reads only as much as one frame and the window take.
    private func readMore() {
        guard let context, !isReading, window >= GuestFrame.maximumPayload else { return }
        isReading = true
        context.read()
    }

    // MARK: From the target

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        if let bus, let address = context.channel.localAddress, let host = address.ipAddress, let port = address.port {
            let text = "\(host):\(port)"
            ownAddress = text
            bus.began(from: text)
        }
        if isClosed { return context.close(promise: nil) }
        for bytes in early { pass(bytes) }
        early = []
        if outputEnds { context.close(mode: .output, promise: nil) }
        readMore()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Array(unwrapInboundIn(data).readableBytesView)
        window -= bytes.count
        tell(.data, bytes)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        readMore()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .inputClosed? = event as? ChannelEvent else { return context.fireUserInboundEventTriggered(event) }
        tell(.finish, [])
    }

    func channelInactive(context: ChannelHandlerContext) { targetIsGone() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func targetIsGone() {
        isClosed = true
        if let ownAddress { bus?.ended(from: ownAddress) }
        ownAddress = nil
        session?.forget(stream)
        context = nil
    }

    private func tell(_ kind: GuestFrame.Kind, _ payload: [UInt8]) {
        guard !isClosed else { return }
        session?.send(GuestFrame(kind, stream: stream, payload: payload))
    }
}
