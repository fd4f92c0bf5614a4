// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import ImageDocuments
import JSONText
import Transport
import WorkerModel

/// The steps of a push, each tried again where what stops it may pass.
extension ImageRegistry {
    /// Expects a server that holds images.
    ///
    /// - Throws: `OCIImageError.noImagesThere`.
    func expectImages(at target: ImageReference) async throws {
        let url = try base(of: target).appending(target: "/v2/")
        _ = try await ask(.get, at: url, of: target, accepting: [200, 401])
    }

    /// Whether a repository has a blob.
    func hasBlob(_ digest: ContentDigest, in target: ImageReference) async throws -> Bool {
        try await ask(.head, for: "blobs/\(digest)", of: target, accepting: [200, 404]).status == 200
    }

    /// Whether a repository has a document.
    func hasManifest(_ digest: ContentDigest, in target: ImageReference) async throws -> Bool {
        let response = try await ask(
            .head,
            for: "manifests/\(digest)",
            of: target,
            headers: ["Accept": OCIMediaType.accepted],
            accepting: [200, 404]
        )
        return response.status == 200
    }

    /// Sends a document.
    func push(_ document: SourceDocument, to target: ImageReference) async throws {
        _ = try await ask(
            .put,
            for: "manifests/\(document.digest)",
            of: target,
            headers: ["Content-Type": document.content.mediaType.rawValue],
            body: .bytes(document.bytes),
            accepting: [200, 201]
        )
    }

    /// Sends a blob, going on where the connection broke, unless the registry has it in another repository and takes it
    /// from there.
    ///
    /// `bytes` gives them from an offset on; it is asked first when it is known that they are wanted.
    ///
    /// - Returns: whether they were sent.
    func push(
        _ blob: OCIReference,
        to target: ImageReference,
        reading bytes: (_ offset: Int64) -> BodyStream
    ) async throws -> Bool {
        guard var place = try await begin(blob, in: target) else { return false }
        var (offset, schedule) = (Int64(0), RetrySchedule())
        while offset < blob.size.bytes {
            let length = ByteCount(blob.size.bytes - offset)
            var headers: HeaderFields = ["Content-Type": "application/octet-stream"]
            if offset > 0 { headers.append("Content-Range", "\(offset)-\(blob.size.bytes - 1)") }
            var request = TransportRequest(.patch, place, purpose: .image, headers: headers)
            request.body = .stream(length: length, bytes(offset))
            do {
                let response = try await send(request, for: target)
                if response.status == 202 || response.status == 204 {
                    place = try location(in: response) ?? place
                    offset = blob.size.bytes
                    continue
                }
                guard response.isTransientFailure || response.status == 416,
                    let wait = schedule.wait(at: offset, advice: response.retryAfter, jitter: pacing.jitter())
                else { throw await refusal(response, of: target) }
                try await pacing.wait(Retry(after: response, wait: wait))
            } catch let error as TransportError {
                guard error.isTransient, let wait = schedule.wait(at: offset, jitter: pacing.jitter()) else {
                    throw error
                }
                try await pacing.wait(Retry(after: error, wait: wait))
            }
            if let next = try await progress(of: place, for: target) {
                (place, offset) = next
            } else {
                // Nobody knows the upload any more.
                guard let anew = try await begin(blob, in: target) else { return true }
                (place, offset) = (anew, 0)
            }
        }
        let query = (place.query.map { $0 + "&" } ?? "") + "digest=" + PercentEncoding.encode(blob.digest.description)
        let end = try place.resolving("\(place.path)?\(query)")
        let ended = try await ask(.put, at: end, of: target, accepting: [201, 204, 404])
        // An upload that an earlier try has ended, whose answer was lost, is not there any more.
        if ended.status == 404, try await !hasBlob(blob.digest, in: target) {
            throw await refusal(ended, of: target)
        }
        return true
    }

    /// Begins an upload; nil where the registry takes the blob from another repository.
    private func begin(_ blob: OCIReference, in target: ImageReference) async throws -> RemoteURL? {
        let mount = "blobs/uploads/?mount=\(PercentEncoding.encode(blob.digest.description))"
        let begun = try await ask(.post, for: mount, of: target, accepting: [201, 202])
        if begun.status == 201 { return nil }
        guard let place = try location(in: begun) else {
            throw OCIImageError.pushRefused(target, status: begun.status, "it names no place for the upload")
        }
        return place
    }

    /// Where an upload goes on; nil where the registry has forgotten it.
    private func progress(of place: RemoteURL, for target: ImageReference) async throws -> (RemoteURL, Int64)? {
        // 409: another request is at it still, which has not noticed that it broke.
        let response = try await ask(.get, at: place, of: target, accepting: [204, 200, 404])
        if response.status == 404 { return nil }
        let last = (response.headers["Range"] ?? "").split(separator: "-").last.flatMap { Int64($0) } ?? 0
        // `0-0` stands for nothing and for one byte alike.
        return (try location(in: response) ?? place, last > 0 ? last + 1 : 0)
    }

    private func location(in response: TransportResponse) throws -> RemoteURL? {
        guard let text = response.headers["Location"] else { return nil }
        let place = try response.url.resolving(text)
        // Bytes and accounts go to nobody else.
        guard place.origin == response.url.origin else { return nil }
        return place
    }

    private func ask(
        _ method: TransportRequest.Method,
        for path: String,
        of target: ImageReference,
        headers: HeaderFields = [:],
        body: TransportRequest.Body = .none,
        accepting: Set<Int>
    ) async throws -> TransportResponse {
        let url = try base(of: target).appending(target: "/v2/\(target.canonicalPath)/\(path)")
        return try await ask(method, at: url, of: target, headers: headers, body: body, accepting: accepting)
    }

    private func ask(
        _ method: TransportRequest.Method,
        at url: RemoteURL,
        of target: ImageReference,
        headers: HeaderFields = [:],
        body: TransportRequest.Body = .none,
        accepting: Set<Int>
    ) async throws -> TransportResponse {
        let request = TransportRequest(method, url, purpose: .image, headers: headers, body: body)
        var schedule = RetrySchedule()
        while true {
            do {
                let response = try await send(request, for: target)
                if accepting.contains(response.status) { return response }
                guard response.isTransientFailure || response.status == 409,
                    let wait = schedule.wait(advice: response.retryAfter, jitter: pacing.jitter())
                else { throw await refusal(response, of: target) }
                try await pacing.wait(Retry(after: response, wait: wait))
            } catch let error as TransportError {
                guard error.isTransient, let wait = schedule.wait(jitter: pacing.jitter()) else { throw error }
                try await pacing.wait(Retry(after: error, wait: wait))
            }
        }
    }

    /// What an answer that is not a success says.
    private func refusal(_ response: TransportResponse, of target: ImageReference) async -> OCIImageError {
        let bytes = try? await response.body.collect(upTo: .kibibytes(64))
        let errors = bytes.flatMap { try? JSONCursor(JSONValue(parsing: $0)).required("errors").elements() }
        let words = errors?.first.flatMap { try? $0.optional("message")?.string() }
        // A server that knows nothing of images answers so too, in words of its own.
        if response.status == 404 || response.status == 405, errors == nil {
            return .noImagesThere(target)
        }
        return .pushRefused(target, status: response.status, words ?? "")
    }
}
