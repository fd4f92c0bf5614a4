// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import JSONText
import NIOCore
import RegistryAPI
import RegistryService
import RegistryStorage
import WorkerModel

/// How bytes come in: `POST /blobs` tells what is missing, `PUT /blobs/sha256/{digest}` takes all of a blob, `PATCH` the
/// rest of one that was cut.
///
/// What arrived before a cut is kept for a day, for the account that sent it. `Upload-Offset` says where a `PATCH` goes
/// on. Where `Upload-Length` says how long the whole is going to be, a `PATCH` may bring a part of it, and is answered
/// with 202; without it the blob ends with the request.
struct UploadRoutes: Sendable {
    let service: RegistryService
    let limits: ServerLimits

    func add(to router: Router<RegistryContext>) {
        let path = RouterPath(RegistryRoute.blob.rawValue)
        router.post(RouterPath(RegistryRoute.blobs.rawValue), use: ask)
        router.put(path, use: put)
        router.patch(path, use: patch)
    }

    @Sendable
    private func ask(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let caller = try await publisher(request, context)
        let body = try await request.json(upTo: limits.question)
        let question: UploadQuestion
        do throws(JSONShapeError) {
            question = try UploadQuestion(json: body)
        } catch { throw RequestFault.shape(error) }
        if try await service.receive.isStored(question.digest) { return Self.stored(question.digest) }
        if question.size > limits.upload { throw RequestFault.tooLarge(limit: limits.upload) }
        return Self.unfinished(question.digest, try await service.receive.arrived(question.digest, from: caller), .ok)
    }

    /// Stores a blob as it arrives; only the digest that the path names is kept.
    @Sendable
    private func put(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let (caller, digest) = (try await publisher(request, context), try context.digest)
        // What is there already need not be read again.
        if try await service.receive.isStored(digest) { return Self.stored(digest) }
        try request.expect(upTo: limits.upload)
        let reception = try await service.receive.begin(
            digest,
            at: nil,
            upTo: limits.upload,
            coming: request.declaredLength.map { ByteCount($0) },
            from: caller
        )
        try await reception.receive(request, upTo: limits.upload)
        try await reception.finish(expecting: digest)
        return Self.stored(digest)
    }

    /// Takes what is missing of a blob, or a part of that.
    @Sendable
    private func patch(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let (caller, digest) = (try await publisher(request, context), try context.digest)
        guard let offset = try request.byteCount(.uploadOffset) else {
            throw RequestFault.header("Upload-Offset", "is required: the number of bytes that have arrived")
        }
        let length = try request.byteCount(.uploadLength)
        if let length, length > limits.upload { throw RequestFault.tooLarge(limit: limits.upload) }
        if let length, length < offset { throw RequestFault.header("Upload-Length", "is less than Upload-Offset") }
        if try await service.receive.isStored(digest) { return Self.stored(digest) }
        let limit = length ?? limits.upload
        let room = ByteCount(max(0, limit.bytes - offset.bytes))
        try request.expect(upTo: room)
        let reception = try await service.receive.begin(
            digest,
            at: offset,
            upTo: limit,
            coming: request.declaredLength.map { ByteCount($0) },
            from: caller
        )
        let arrived = ByteCount(
            offset.bytes + (try await reception.receive(request, upTo: room, isLimit: limit == limits.upload)).bytes
        )
        if let length, arrived < length {
            await reception.suspend()
            return Self.unfinished(digest, arrived, .accepted)
        }
        try await reception.finish(expecting: digest)
        return Self.stored(digest)
    }

    private func publisher(_ request: Request, _ context: RegistryContext) async throws -> Caller {
        let caller = try await service.keys.caller(request.apiKey, from: context.clientAddress)
        try caller.expect(.publish)
        return caller
    }

    private static func stored(_ digest: Digest) -> Response {
        .json(UploadState(digest: digest, isStored: true).json.bytes())
    }

    private static func unfinished(
        _ digest: Digest,
        _ offset: ByteCount,
        _ status: HTTPResponse.Status
    ) -> Response {
        let state = UploadState(digest: digest, isStored: false, offset: offset)
        return .json(state.json.bytes(), status: status, headers: [.uploadOffset: String(offset.bytes)])
    }
}

extension Request {
    /// A header that counts bytes; nil where it is missing.
    fileprivate func byteCount(_ name: HTTPField.Name) throws(RequestFault) -> ByteCount? {
        guard let text = headers[name] else { return nil }
        let isNumber = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard isNumber, let count = Int64(text) else {
            throw .header(name.rawName, "must be a whole number of bytes")
        }
        return ByteCount(count)
    }
}
