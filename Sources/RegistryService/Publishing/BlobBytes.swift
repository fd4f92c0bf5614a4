// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import RegistryStorage
package import WorkerModel

/// The bytes of a stored blob in pieces, one in memory at a time.
package struct BlobBytes: AsyncSequence, Sendable {
    package static let pieceSize: Int64 = 256 << 10

    private let store: any BlobStore
    private let digest: Digest
    private let range: Range<Int64>

    package init(of digest: Digest, in range: Range<Int64>, from store: any BlobStore) {
        self.store = store
        self.digest = digest
        self.range = range
    }

    package func makeAsyncIterator() -> Iterator { Iterator(store: store, digest: digest, range: range) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let store: any BlobStore
        fileprivate let digest: Digest
        fileprivate var range: Range<Int64>

        /// - Throws: what the store throws; `BlobStorageError.notFound` also where the blob ends before the range does.
        package mutating func next() async throws -> [UInt8]? {
            if range.isEmpty { return nil }
            let end = Swift.min(range.upperBound, range.lowerBound + BlobBytes.pieceSize)
            let piece = try await store.bytes(of: digest, in: range.lowerBound..<end)
            // A blob never shrinks: less than was asked for means that it is damaged.
            if piece.isEmpty { throw BlobStorageError.notFound(digest) }
            range = (range.lowerBound + Int64(piece.count))..<range.upperBound
            return piece
        }
    }
}
