// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import ImageDocuments
package import NIOCore
import Transport
package import WorkerModel

extension ImageRegistry {
    /// Fetches a blob from a place in it to its end, taking up again what is cut.
    ///
    /// Nobody has looked at the digest: who takes the bytes does.
    ///
    /// - Parameters:
    ///   - blob: what is wanted, and how long it is.
    ///   - reference: an image that has it.
    ///   - start: how much of it is there already.
    ///   - take: gets the bytes in their order.
    /// - Throws: `OCIImageError`; `TransportError`; what `take` throws; `CancellationError`.
    package func fetch(
        _ blob: OCIDescriptor,
        of reference: ImageReference,
        from start: Int64,
        _ take: (ByteBuffer) throws -> Void
    ) async throws {
        var offset = start
        var schedule = RetrySchedule(startingAt: start)
        while offset < blob.size.bytes {
            do {
                try await read(blob, of: reference, &offset, take)
                // An end that comes too early is as good as a broken connection.
                if offset < blob.size.bytes { throw TransportError(.cut, try base(of: reference), for: .image) }
            } catch let error as TransportError where error.isTransient {
                guard let wait = schedule.wait(at: offset, jitter: pacing.jitter()) else {
                    throw OCIImageError.keepsBreaking(reference, tries: schedule.failures + 1, cause: error)
                }
                try await pacing.wait(Retry(after: error, wait: wait))
            }
        }
    }

    /// Reads one answer.
    private func read(
        _ blob: OCIDescriptor,
        of reference: ImageReference,
        _ offset: inout Int64,
        _ take: (ByteBuffer) throws -> Void
    ) async throws {
        var headers: HeaderFields = ["Accept-Encoding": "identity"]
        if offset > 0 { headers.append("Range", "bytes=\(offset)-") }
        let response = try await get(
            "blobs/sha256:\(blob.digest)",
            of: reference,
            headers,
            accepting: offset > 0 ? [200, 206] : [200]
        )
        if response.status == 206, ContentRange(response.headers["Content-Range"])?.first != offset {
            throw OCIImageError.wrongSize(reference, blob.digest)
        }
        // Who cannot give a part gives the whole.
        var skip = response.status == 206 ? 0 : offset
        for try await var piece in response.body {
            let dropped = Int(min(skip, Int64(piece.readableBytes)))
            piece.moveReaderIndex(forwardBy: dropped)
            skip -= Int64(dropped)
            guard piece.readableBytes > 0 else { continue }
            guard offset + Int64(piece.readableBytes) <= blob.size.bytes else {
                throw OCIImageError.wrongSize(reference, blob.digest)
            }
            try take(piece)
            offset += Int64(piece.readableBytes)
        }
    }
}
