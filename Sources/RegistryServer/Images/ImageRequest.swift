// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HTTPTypes
import Hummingbird
import JSONText
import NIOCore
import RegistryService
import RegistryStorage
import WorkerModel

/// One request of a client of images, and its answer.
struct ImageRequest: Sendable {
    let request: Request
    let context: RegistryContext
    let service: RegistryService
    let limits: ServerLimits

    private var images: RegistryImages { service.images }
    private var login: ImageLogin { ImageLogin(request: request, context: context, service: service) }

    /// - Throws: what is wrong with it, which `ErrorResponse` words.
    func answer() async throws -> Response {
        var path: ImagePath?
        do {
            let named = try ImagePath(request.uri.path)
            path = named
            var response = try await answer(at: named)
            response.headers[.distributionVersion] = "registry/2.0"
            return request.method == .head ? response.createHeadResponse() : response
        } catch let error as RegistryServiceError where ErrorResponse(error).status == .unauthorized {
            throw Unauthenticated(cause: error, challenge: login.challenge(for: path))
        }
    }

    private func answer(at path: ImagePath) async throws -> Response {
        switch (request.method, path) {
        case (.get, .token): return try await token()
        case (.get, .root), (.head, .root):
            // Clients learn here how to log in; who has done so is told that it worked.
            if case .anybody = try await login.client() { throw RegistryServiceError.keyMissing }
            return .json(JSONValue.emptyObject.bytes())
        case (.get, _), (.head, _):
            // Nothing is hidden, but a wrong key or a token that is over is told.
            _ = try await login.client()
            return try await read(path)
        case (.post, .uploads(let name)): return try await begin(in: name)
        case (.patch, .upload(let session)): return try await proceed(with: session)
        case (.put, .upload(let session)): return try await finish(session)
        case (.delete, .upload(let session)):
            let caller = try await login.caller(to: .push, in: session.repository)
            try await images.push.cancel(session, by: caller)
            return Response(status: .noContent)
        case (.put, .manifest(let name, let reference)): return try await push(reference, to: name)
        case (.delete, .manifest(let name, let reference)):
            let caller = try await login.caller(to: .delete, in: name)
            try await images.delete(reference, in: name, by: caller)
            return Response(status: .accepted)
        case (.delete, .blob(let name, let digest)):
            let caller = try await login.caller(to: .delete, in: name)
            try await images.delete.blob(digest, in: name, by: caller)
            return Response(status: .accepted)
        default: throw RequestFault.wrongMethod
        }
    }

    // MARK: Reading

    private func read(_ path: ImagePath) async throws -> Response {
        let query = QueryItems(request.uri.query)
        switch path {
        case .manifest(let name, let reference):
            return served(try await images.read.manifest(reference, in: name), as: reference)
        case .blob(let name, let digest):
            let blob = try await images.read.blob(digest, in: name)
            var response = try await BlobResponse(service: service).answer(request, in: context, with: blob)
            response.headers[.contentDigest] = digest.description
            return response
        case .tags(let name):
            let (last, limit) = try Self.page(query)
            let page = try await images.read.tags(in: name, after: last, limit: limit)
            return list(
                page,
                upTo: limit,
                as: ["name": .string(name.description), "tags": .array(page.names.map(JSONValue.string))]
            )
        case .catalog:
            let (last, limit) = try Self.page(query)
            let page = try await images.read.repositories(after: last, limit: limit)
            return list(
                page,
                upTo: limit,
                as: ["repositories": .array(page.names.map(JSONValue.string))]
            )
        case .referrers(let name, let digest):
            let type = query["artifactType"].flatMap { $0.isEmpty ? nil : $0 }
            let index = try await images.read.referrers(to: digest, in: name, ofType: type)
            var response = Response.json(index.bytes())
            response.headers[.contentType] = "application/vnd.oci.image.index.v1+json"
            if type != nil { response.headers[.filtersApplied] = "artifactType" }
            return response
        case .upload(let session):
            let caller = try await login.caller(to: .push, in: session.repository)
            return Self.unfinished(session, at: try await images.push.arrived(session, by: caller), status: .noContent)
        case .uploads: throw RequestFault.wrongMethod
        case .root, .token: throw RequestFault.unknownRoute
        }
    }

    private func served(_ manifest: ReadImages.ServedManifest, as reference: ManifestReference) -> Response {
        let tag = EntityTag(manifest.digest.description)
        var headers: HTTPFields = [.eTag: tag.description, .contentDigest: manifest.digest.description]
        headers[.cacheControl] =
            if case .digest = reference { "public, max-age=31536000, immutable" } else { "no-cache" }
        if tag.matches(request.headers[values: .ifNoneMatch]) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = manifest.mediaType
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: manifest.bytes))
        )
    }

    /// What is asked of a list: the name before it, and how many.
    private static func page(_ query: QueryItems) throws -> (last: String, limit: Int) {
        guard let text = query["n"] else { return (query["last"] ?? "", ReadImages.page) }
        guard let count = Int(text), count >= 0 else {
            throw RequestFault.header("n", "must be a whole number")
        }
        return (query["last"] ?? "", min(count, ReadImages.page))
    }

    private func list(_ page: ReadImages.Page, upTo limit: Int, as body: JSONObject) -> Response {
        var response = Response.json(JSONValue.object(body).bytes())
        if page.isCut, let last = page.names.last {
            response.headers[.link] =
                "<\(request.uri.path)?n=\(limit)&last=\(PercentEncoding.encode(last))>; rel=\"next\""
        }
        return response
    }

    private func token() async throws -> Response {
        let query = QueryItems(request.uri.query)
        let scopes = query.all("scope").flatMap { $0.split(separator: " ") }.compactMap(ImageTokens.Scope.init)
        let caller: Caller? =
            switch try await login.client() {
            case .keyHolder(let caller): caller
            case .anybody, .tokenHolder: nil
            }
        let token = try await images.tokens.token(for: caller, scopes)
        return .json(
            JSONValue.object([
                "token": .string(token), "access_token": .string(token),
                "expires_in": .number(JSONNumber(ImageTokens.lifetime.components.seconds)),
                "issued_at": .string(service.surroundings.now().description),
            ]).bytes(),
            headers: [.cacheControl: "no-store"]
        )
    }

    // MARK: Pushing

    /// Begins an upload; or takes one that comes whole, or a blob that another repository has.
    private func begin(in name: RepositoryName) async throws -> Response {
        let (caller, query) = (
            try await login.caller(to: .push, in: name), QueryItems(request.uri.query)
        )
        if let text = query["mount"] {
            let digest = try ImagePath.digest(text)
            let source = query["from"].map { try? RepositoryName(parsing: $0) }
            // A name that is none is no repository's.
            if let source, source == nil {
                return Self.unfinished(try await images.push.open(in: name, by: caller), at: .zero, status: .accepted)
            }
            if try await images.push.mount(digest, from: source ?? nil, into: name, by: caller) {
                return Self.stored(digest, in: name)
            }
        } else if let text = query["digest"] {
            let digest = try ImagePath.digest(text)
            let reception = try await images.push.begin(
                in: name,
                upTo: limits.imageLayer,
                coming: request.declaredLength.map { ByteCount($0) },
                by: caller
            )
            try await reception.receive(request, upTo: limits.imageLayer)
            try await images.push.finish(reception, as: digest, in: name)
            return Self.stored(digest, in: name)
        }
        return Self.unfinished(try await images.push.open(in: name, by: caller), at: .zero, status: .accepted)
    }

    private func proceed(with session: PushBlob.Session) async throws -> Response {
        let reception = try await take(into: session)
        await reception.suspend()
        return Self.unfinished(session, at: reception.size, status: .accepted)
    }

    private func finish(_ session: PushBlob.Session) async throws -> Response {
        guard let text = QueryItems(request.uri.query)["digest"] else {
            throw RegistryServiceError.image(.digestInvalid("is missing: `?digest=` ends an upload"))
        }
        let digest = try ImagePath.digest(text)
        let reception = try await take(into: session)
        try await images.push.finish(reception, as: digest, in: session.repository)
        return Self.stored(digest, in: session.repository)
    }

    /// Adds the body of a request to an upload.
    private func take(into session: PushBlob.Session) async throws -> BlobReception {
        let caller = try await login.caller(to: .push, in: session.repository)
        let piece = try ImageRange.piece(request)
        if let piece, let length = request.declaredLength, length != Int64(piece.count) {
            throw RequestFault.header("Content-Range", "names \(piece.count) bytes, and \(length) come")
        }
        let reception = try await images.push.resume(
            session,
            at: piece.map { ByteCount($0.lowerBound) },
            upTo: limits.imageLayer,
            coming: request.declaredLength.map { ByteCount($0) },
            by: caller
        )
        try await reception.receive(
            request,
            upTo: ByteCount(max(0, limits.imageLayer.bytes - reception.size.bytes))
        )
        return reception
    }

    private func push(_ reference: ManifestReference, to name: RepositoryName) async throws -> Response {
        let caller = try await login.caller(to: .push, in: name)
        var bytes: [UInt8] = []
        try await request.forEachPiece(upTo: PushManifest.sizeLimit) { bytes += $0.readableBytesView }
        let pushed = try await images.pushManifest(
            bytes,
            type: request.headers[.contentType],
            as: reference,
            in: name,
            by: caller
        )
        var headers: HTTPFields = [
            .location: "\(ImagePath.prefix)/\(name)/manifests/\(pushed.digest)",
            .contentDigest: pushed.digest.description,
        ]
        headers[.subject] = pushed.subject?.description
        return Response(status: .created, headers: headers)
    }

    private static func unfinished(
        _ session: PushBlob.Session,
        at size: ByteCount,
        status: HTTPResponse.Status
    ) -> Response {
        Response(
            status: status,
            headers: [
                .location: ImagePath.address(of: session), .range: ImageRange.arrived(size),
                .uploadID: session.id, .cacheControl: "no-store",
            ]
        )
    }

    private static func stored(_ digest: ContentDigest, in name: RepositoryName) -> Response {
        Response(
            status: .created,
            headers: [
                .location: ImagePath.address(of: digest, in: name), .contentDigest: digest.description,
            ]
        )
    }
}
