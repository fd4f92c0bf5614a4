// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import Sandboxing

/// Hands out what one process of the guest writes, one piece at a time, and tells how much was used up.
struct OutputPump: Sendable {
    private struct Piece: Sendable {
        let bytes: [UInt8]
        let stream: OutputStreamName
    }

    private let continuation: AsyncStream<Piece>.Continuation
    private let task: Task<Void, Never>

    /// The pieces on the way are bounded by the credit that `used` gives.
    init(to output: any SandboxOutput, used: @escaping @Sendable (Int) -> Void) {
        let (pieces, continuation) = AsyncStream.makeStream(of: Piece.self)
        self.continuation = continuation
        task = Task {
            for await piece in pieces {
                await output.receive(piece.bytes, from: piece.stream)
                used(piece.bytes.count)
            }
        }
    }

    func push(_ bytes: [UInt8], from stream: OutputStreamName) {
        continuation.yield(Piece(bytes: bytes, stream: stream))
    }

    /// No more will come; answers when all has been handed out.
    func finish() async {
        continuation.finish()
        await task.value
    }
}
