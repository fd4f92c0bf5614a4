// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Tells a client that asks before it sends a body (`Expect: 100-continue`) to go on, as RFC 9110 wants, when a handler
/// begins to read that body: after key, size and route were looked at.
///
/// Without it `curl` waits for a second before every large upload.
final class ExpectedContinue: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// What a body sends down its connection.
    ///
    /// The answers to earlier requests have ended then.
    struct GoOn: Sendable {}

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is GoOn else { return context.triggerUserOutboundEvent(event, promise: promise) }
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: promise)
    }
}

/// A body whose client waits until it is told to go on.
struct AwaitedBody: AsyncSequence, Sendable {
    /// Whether the client was told.
    final class Permission: Sendable {
        private let isGiven = Atomic<Bool>(false)

        var wasGiven: Bool { isGiven.load(ordering: .relaxed) }

        fileprivate func give() -> Bool { !isGiven.exchange(true, ordering: .relaxed) }
    }

    let permission = Permission()
    private let body: RequestBody
    private let channel: any Channel

    /// Nil for a request whose client does not wait.
    init?(_ request: Request, on channel: any Channel) {
        guard request.headers[.expect]?.lowercased() == "100-continue" else { return nil }
        (body, self.channel) = (request.body, channel)
    }

    func makeAsyncIterator() -> Iterator {
        Iterator(pieces: body.makeAsyncIterator(), permission: permission, channel: channel)
    }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var pieces: RequestBody.AsyncIterator
        fileprivate let permission: Permission
        fileprivate let channel: any Channel

        @concurrent mutating func next() async throws -> ByteBuffer? {
            if permission.give() { try await channel.triggerUserOutboundEvent(ExpectedContinue.GoOn()) }
            return try await pieces.next()
        }
    }
}
