// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Hummingbird
import RegistryService
import RegistryStorage
import WorkerModel

extension BlobReception {
    /// Takes the body of a request, and goes on waiting for the rest where that is cut.
    ///
    /// `isLimit`: whether nothing is worth keeping of what is longer than `limit`.
    ///
    /// - Returns: how much came.
    /// - Throws: `RequestFault`; what `append` throws.
    @discardableResult
    func receive(_ request: Request, upTo limit: ByteCount, isLimit: Bool = true) async throws -> ByteCount {
        let before = size
        do {
            try await request.forEachPiece(upTo: limit) { piece in try await append(Array(piece.readableBytesView)) }
        } catch {
            switch error {
            case RequestFault.tooLarge where isLimit: await abandon()
            // What `append` refused is over already.
            default: await suspend()
            }
            throw error
        }
        return ByteCount(size.bytes - before.bytes)
    }
}
