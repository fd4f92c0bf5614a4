// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import NIOCore
import RegistryAPI
import RegistryService
import RegistryStorage
import WorkerModel

/// `GET /blobs/sha256/{digest}`: bytes under their digest.
struct BlobRoutes: Sendable {
    let service: RegistryService
    let limits: ServerLimits

    func add(to router: Router<RegistryContext>) {
        let path = RouterPath(RegistryRoute.blob.rawValue)
        router.get(path, use: get)
        router.head(path, use: get)
    }

    /// GET and HEAD.
    @Sendable
    private func get(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let digest = try context.digest
        guard let blob = try await service.blobs.blob(digest) else { throw RegistryServiceError.blobNotFound(digest) }
        let tag = EntityTag(digest.description)
        var headers: HTTPFields = [
            .eTag: tag.description,
            .cacheControl: "public, max-age=31536000, immutable",
            .acceptRanges: "bytes",
        ]
        if tag.matches(request.headers[values: .ifNoneMatch]) {
            return Response(status: .notModified, headers: headers)
        }
        let isSame = request.headers[.ifRange].map { $0 == tag.description } ?? true
        let size = blob.size.bytes
        switch ByteRange(isSame ? request.headers[.range] : nil, size: size) {
        case .unsatisfiable: throw RequestFault.rangeNotSatisfiable(size: size)
        case .whole:
            headers[.contentType] = try await contentType(of: blob)
            return response(.ok, headers, request, digest, 0..<size)
        case .part(let range):
            headers[.contentType] = try await contentType(of: blob)
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
            return response(.partialContent, headers, request, digest, range)
        }
    }

    private func response(
        _ status: HTTPResponse.Status,
        _ headers: HTTPFields,
        _ request: Request,
        _ digest: Digest,
        _ range: Range<Int64>
    ) -> Response {
        var headers = headers
        headers[.contentLength] = String(range.count)
        if request.method == .head { return Response(status: status, headers: headers) }
        let bytes = BlobBytes(of: digest, in: range, from: service.blobs)
        let body = ResponseBody(contentLength: range.count) { writer in
            for try await piece in bytes { try await writer.write(ByteBuffer(bytes: piece)) }
            try await writer.finish(nil)
        }
        return Response(status: status, headers: headers, body: body)
    }

    /// Told by the first two bytes, since nobody else says what a blob is.
    private func contentType(of blob: StoredBlob) async throws -> String {
        let start = try await service.blobs.bytes(of: blob.digest, in: 0..<min(2, blob.size.bytes))
        return start == [0x1F, 0x8B] ? "application/gzip" : "application/octet-stream"
    }
}

extension RegistryContext {
    /// The digest in the path.
    var digest: Digest {
        get throws(RequestFault) {
            let text = parameters.get("digest") ?? ""
            guard text.utf8.count == 64, let digest = try? Digest(parsing: text) else { throw .badDigest }
            return digest
        }
    }
}
