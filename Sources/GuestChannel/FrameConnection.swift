// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import Sandboxing

/// One connection that carries frames, as a sequence and a writer that waits.
struct FrameConnection: Sendable {
    private let writer: NIOAsyncChannelOutboundWriter<ByteBuffer>

    /// Runs `body` with the connection's frames; it is closed afterwards.
    static func with<Result: Sendable>(
        _ channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>,
        _ body: @Sendable (FrameConnection, FrameSequence) async throws -> Result
    ) async throws -> Result {
        try await channel.executeThenClose { inbound, outbound in
            try await body(FrameConnection(writer: outbound), FrameSequence(inbound))
        }
    }

    func send(_ kind: GuestFrame.Kind, _ payload: [UInt8] = []) async throws {
        try await writer.write(ByteBuffer(bytes: GuestFrame(kind, stream: 1, payload: payload).bytes))
    }
}

/// The frames of a connection, until it ends.
struct FrameSequence: AsyncSequence, Sendable {
    typealias Element = GuestFrame
    private let bytes: NIOAsyncChannelInboundStream<ByteBuffer>

    init(_ bytes: NIOAsyncChannelInboundStream<ByteBuffer>) { self.bytes = bytes }

    struct AsyncIterator: AsyncIteratorProtocol {
        var bytes: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        var decoder = GuestFrameDecoder()

        /// - Throws: `GuestProtocolError`, and what the connection breaks with.
        mutating func next() async throws -> GuestFrame? { try await next(isolation: #isolation) }

        mutating func next(isolation actor: isolated (any Actor)?) async throws -> GuestFrame? {
            while true {
                if let frame = try decoder.next() { return frame }
                guard let more = try await bytes.next(isolation: actor) else { return nil }
                decoder.append(more.readableBytesView)
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(bytes: bytes.makeAsyncIterator()) }
}
