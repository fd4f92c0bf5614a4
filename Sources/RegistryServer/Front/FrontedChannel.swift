// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypesHTTP1
import RegistryService
import Synchronization
import WorkerModel

/// What the front needs to know of its server.
struct FrontSettings: Sendable {
    let service: RegistryService
    let limits: ServerLimits
    /// Whether bytes are encrypted on their way out, so that the kernel cannot send files.
    let isSecure: Bool
    /// Whether the front reads requests at all; without it the framework reads every one.
    let readsRequests: Bool
    let connections: ConnectionTable
    let proxies: TrustedProxies
    let counters: FrontCounters
    let log: LogOutput
}

/// A connection of the framework with the front before it.
struct FrontedChannel: ServerChildChannel {
    private static let largestRead = 512 << 10

    private let base: HTTP1Channel
    private let loops: FrontLoops
    private let hasFront: Bool

    init(responder: @escaping HTTPChannelHandler.Responder, _ settings: FrontSettings) {
        let limits = settings.limits
        loops = FrontLoops(settings)
        hasFront = settings.readsRequests
        base = HTTP1Channel(
            responder: responder,
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [ConnectionGuard(settings.connections), ExpectedContinue()],
                // The guard ends what is idle: it hears of what the front answers.
                idleTimeout: nil,
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: Int(limits.headers.bytes),
                    maxHeaderListSize: Int(limits.headers.bytes),
                    maxHeaderFieldCount: limits.headerCount
                )
            )
        )
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        let (base, loops, hasFront) = (base, loops, hasFront)
        return channel.eventLoop.makeCompletedFuture {
            // An upload fills what it is given to read into, and comes in fewer pieces then.
            try channel.syncOptions?.setOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 2048, maximum: Self.largestRead)
            )
            guard hasFront else { return }
            try channel.pipeline.syncOperations.addHandler(FrontHandler(loops.loop(of: channel.eventLoop)))
        }.flatMap {
            base.setup(channel: channel, logger: logger)
        }.flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
            try pipeline.addHandler(RequestRules(), position: .before(codec))
            guard hasFront else { return value }
            let front = try pipeline.handler(type: FrontHandler.self)
            let connection = try pipeline.handler(type: ConnectionGuard.self)
            front.connection = connection
            connection.front = front
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

/// One `FrontLoop` for each event loop.
private final class FrontLoops: Sendable {
    private let settings: FrontSettings
    private let loops = Mutex<[ObjectIdentifier: NIOLoopBound<FrontLoop>]>([:])

    init(_ settings: FrontSettings) { self.settings = settings }

    /// To be called on the event loop.
    func loop(of eventLoop: any EventLoop) -> FrontLoop {
        loops.withLock { loops in
            let key = ObjectIdentifier(eventLoop)
            if let known = loops[key] { return known }
            let new = NIOLoopBound(FrontLoop(settings), eventLoop: eventLoop)
            loops[key] = new
            return new
        }.value
    }
}
