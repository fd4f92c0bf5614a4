// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import RegistryService
import RegistryStorage
import SystemPackage
import WorkerModel

/// What a request for a blob says besides its digest.
struct BlobQuestion: Hashable, Sendable {
    let ifNoneMatch: String?
    let range: String?
    let ifRange: String?
}

/// The answer to a request for a blob that is there: its head, and which of the bytes follow.
struct BlobAnswer: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        case nothing
        case unsatisfiable
        case bytes(Range<Int64>)
    }

    let status: HTTPResponse.Status
    let headers: HTTPFields
    let part: Part

    /// Decides; `start` is the first bytes of the blob, which tell what it is, since nobody else says it.
    init(to question: BlobQuestion, _ blob: StoredBlob, start: [UInt8]) {
        let tag = EntityTag(blob.digest.description)
        var headers: HTTPFields = [
            .eTag: tag.description,
            .cacheControl: "public, max-age=31536000, immutable",
            .acceptRanges: "bytes",
        ]
        let size = blob.size.bytes
        if let known = question.ifNoneMatch, tag.matches([known]) {
            (status, self.headers, part) = (.notModified, headers, .nothing)
            return
        }
        let isSame = question.ifRange.map { $0 == tag.description } ?? true
        headers[.contentType] = start == [0x1F, 0x8B] ? "application/gzip" : "application/octet-stream"
        switch ByteRange(isSame ? question.range : nil, size: size) {
        case .unsatisfiable: (status, part) = (.rangeNotSatisfiable, .unsatisfiable)
        case .whole:
            headers[.contentLength] = String(size)
            (status, part) = (.ok, .bytes(0..<size))
        case .part(let range):
            headers[.contentLength] = String(range.count)
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
            (status, part) = (.partialContent, .bytes(range))
        }
        self.headers = headers
    }
}

/// A blob whose file is open, for the kernel to send.
///
/// Whoever gets one closes the descriptor.
struct OpenBlob: Sendable {
    let digest: Digest
    let descriptor: SystemPackage.FileDescriptor
    let range: Range<Int64>
    let isPart: Bool
    /// Header fields, each ended by CR and LF.
    let fields: String

    var status: String { isPart ? "206 Partial Content" : "200 OK" }

    /// Opens a blob; nil where its bytes are not asked for, are not there, or are in no file.
    static func open(
        _ digest: Digest,
        _ question: BlobQuestion,
        in blobs: ServedBlobs
    ) async throws -> OpenBlob? {
        guard let blob = try await blobs.blob(digest), let path = blob.file else { return nil }
        return try await NIOThreadPool.singleton.runIfActive { () throws -> OpenBlob? in
            let file = try SystemPackage.FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow])
            var start = [UInt8](repeating: 0, count: 2)
            let count = try start.withUnsafeMutableBytes { try file.read(fromAbsoluteOffset: 0, into: $0) }
            let answer = BlobAnswer(to: question, blob, start: Array(start.prefix(count)))
            guard case .bytes(let range) = answer.part else {
                try file.close()
                return nil
            }
            let fields = answer.headers.map { "\($0.name.rawName): \($0.value)\r\n" }.joined()
            return OpenBlob(
                digest: digest,
                descriptor: file,
                range: range,
                isPart: answer.status == .partialContent,
                fields: fields
            )
        }
    }

    /// Whether the file still reaches so far: what the kernel cannot send it would wait for without end.
    func reaches(_ end: Int64) -> Bool {
        // A file whose size cannot be told cannot be sent either.
        (try? descriptor.seek(offset: 0, from: .end)).map { $0 >= end } ?? false
    }

    /// A file that was only read has nothing to lose when it is closed.
    func close() { try? descriptor.close() }
}

/// The target of a request for a blob.
enum BlobTarget {
    private static let prefix = Array("/blobs/sha256/".utf8)

    /// The digest in a target without a query; nil for any other target.
    static func digest(_ target: ByteBuffer) -> Digest? {
        let bytes = target.readableBytesView
        guard bytes.count == prefix.count + 64, bytes.starts(with: prefix) else { return nil }
        return try? Digest(parsing: String(decoding: bytes.dropFirst(prefix.count), as: UTF8.self))
    }
}

/// What is said of a blob whose file ended before it did while it was sent.
enum BlobDamage {
    static func log(_ digest: Digest, _ logger: Logger) {
        logger.error(
            "blob damaged",
            metadata: ["blob.digest": "\(digest)", "error.message": "the file is shorter than it was"]
        )
    }
}
