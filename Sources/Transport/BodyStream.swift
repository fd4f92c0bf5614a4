// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import NIOCore
package import WorkerModel

/// Bytes that come or go in pieces, whatever is behind them.
///
/// Pieces have any size and are not copied on the way. Unless its maker says otherwise it can be read once.
package struct BodyStream: AsyncSequence, Sendable {
    package typealias Element = ByteBuffer
    package typealias Failure = any Error

    package struct Iterator: AsyncIteratorProtocol {
        private let produce: () async throws -> ByteBuffer?

        package init(_ produce: @escaping () async throws -> ByteBuffer?) { self.produce = produce }

        package mutating func next() async throws -> ByteBuffer? { try await produce() }
    }

    private let make: @Sendable () -> Iterator

    /// A stream whose every reading starts with a new iterator.
    package init(_ makeIterator: @escaping @Sendable () -> Iterator) { make = makeIterator }

    /// A stream over another sequence.
    package init<Buffers: AsyncSequence & Sendable>(_ buffers: Buffers) where Buffers.Element == ByteBuffer {
        make = {
            var iterator = buffers.makeAsyncIterator()
            return Iterator { try await iterator.next(isolation: #isolation) }
        }
    }

    /// Bytes that are in memory; can be read any number of times.
    package init(_ bytes: [UInt8]) {
        make = {
            var rest: ByteBuffer? = bytes.isEmpty ? nil : ByteBuffer(bytes: bytes)
            return Iterator {
                defer { rest = nil }
                return rest
            }
        }
    }

    package func makeAsyncIterator() -> Iterator { make() }

    /// All the bytes.
    ///
    /// - Throws: `BodyTooLarge` as soon as there are more than `limit`, and what reading throws.
    package func collect(upTo limit: ByteCount) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in self {
            guard Int64(bytes.count + buffer.readableBytes) <= limit.bytes else { throw BodyTooLarge(limit: limit) }
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        return bytes
    }
}

/// More bytes came than their reader takes.
package struct BodyTooLarge: Error, Hashable {
    package let limit: ByteCount

    package init(limit: ByteCount) { self.limit = limit }
}
