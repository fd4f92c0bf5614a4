// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import NIOCore
import RegistryService
import RegistryStorage
import WorkerModel

/// The bytes of a blob as an answer to GET and HEAD, whole or in part.
struct BlobResponse: Sendable {
    let service: RegistryService

    /// - Throws: `RequestFault.rangeNotSatisfiable`; what the store throws.
    func answer(_ request: Request, in context: RegistryContext, with blob: StoredBlob) async throws -> Response {
        let digest = blob.digest
        let start = try await service.blobs.bytes(of: digest, in: 0..<min(2, blob.size.bytes))
        let known = request.headers[values: .ifNoneMatch]
        let question = BlobQuestion(
            ifNoneMatch: known.isEmpty ? nil : known.joined(separator: ","),
            range: request.headers[.range],
            ifRange: request.headers[.ifRange]
        )
        let answer = BlobAnswer(to: question, blob, start: start)
        switch answer.part {
        case .unsatisfiable: throw RequestFault.rangeNotSatisfiable(size: blob.size.bytes)
        case .bytes(let range) where request.method == .get:
            let bytes = BlobBytes(of: digest, in: range, from: service.blobs)
            let logger = context.logger
            let body = ResponseBody(contentLength: range.count) { writer in
                do {
                    for try await piece in bytes { try await writer.write(ByteBuffer(bytes: piece)) }
                } catch let error as BlobStorageError {
                    // The connection is cut: what was promised cannot be kept.
                    BlobDamage.log(digest, logger)
                    throw error
                }
                try await writer.finish(nil)
            }
            return Response(status: answer.status, headers: answer.headers, body: body)
        case .bytes, .nothing: return Response(status: answer.status, headers: answer.headers)
        }
    }
}
