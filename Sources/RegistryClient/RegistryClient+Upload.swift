// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import NIOCore
import RegistryAPI
package import SystemPackage
import Transport
package import WorkerModel

extension RegistryClient {
    /// What came of an upload.
    package enum Upload: Hashable, Sendable {
        case sent
        /// The registry had the bytes already.
        case wasThere
    }

    /// Files up to this size are sent from their beginning.
    private static let smallUpload = ByteCount.mebibytes(1)

    /// Whether the registry has the bytes of a digest.
    ///
    /// - Throws: `RegistryClientError`, `TransportError`.
    package func hasBlob(_ digest: Digest) async throws -> Bool {
        let wire = try request(.head, .blob(digest), for: .upload(digest))
        let answer = try await exchange(wire, for: .upload(digest))
        switch answer.status {
        case 200...204: return true
        case 404: return false
        default: throw failure(.refused(status: answer.status, answer.envelope), .upload(digest))
        }
    }

    /// Uploads a file under its digest, unless the registry has it.
    ///
    /// The file is read while it is sent. What was cut, in this run or in an earlier one, goes on where it stopped, where the
    /// registry has kept what came.
    /// `progress` is told how many bytes of the file were sent, from wherever they are read; none as soon as it is known that
    /// the registry lacks them.
    ///
    /// - Throws: `RegistryClientError`: W145 where the bytes are not those of the digest or too many, W144 for the key;
    ///   `TransportError`; the system's error where the file cannot be read.
    package func upload(
        _ file: FilePath,
        digest: Digest,
        size: ByteCount,
        progress: (@Sendable (ByteCount) -> Void)? = nil
    ) async throws -> Upload {
        let bytes = UploadedFile(path: file, digest: digest, size: size, progress: progress)
        var wire = try sending(bytes, from: .zero)
        if try await hasBlob(digest) { return .wasThere }
        // A command that was interrupted may have left a part; of a small file it is not worth the question.
        if size > Self.smallUpload, let state = try await uploadState(of: bytes) {
            if state.isStored { return .wasThere }
            if state.offset < size { wire = try sending(bytes, from: state.offset) }
        }
        progress?(.zero)
        var schedule = RetrySchedule()
        while let retry = try await send(wire, for: .upload(digest), &schedule) {
            try await pacing.wait(retry)
            guard let state = try await uploadState(of: bytes) else { continue }
            if state.isStored { return .sent }
            wire = try sending(bytes, from: state.offset < size ? state.offset : .zero)
        }
        return .sent
    }

    /// The request with the bytes of a file behind `offset`.
    private func sending(_ file: UploadedFile, from offset: ByteCount) throws -> TransportRequest {
        let conversation = Conversation.upload(file.digest)
        var wire = try request(offset > .zero ? .patch : .put, .blob(file.digest), for: conversation)
        try authenticate(&wire, for: conversation)
        wire.headers.append("Content-Type", "application/octet-stream")
        if offset > .zero { wire.headers.append("Upload-Offset", String(offset.bytes)) }
        let changed = failure(.fileChanged(file.path.string), conversation)
        wire.body = .stream(
            length: ByteCount(file.size.bytes - offset.bytes),
            .reading(file, from: offset, else: changed)
        )
        return wire
    }

    /// Sends the bytes once.
    ///
    /// - Returns: nil when they have arrived, else what to tell and to wait before the rest is sent.
    private func send(
        _ wire: TransportRequest,
        for conversation: Conversation,
        _ schedule: inout RetrySchedule
    ) async throws -> Retry? {
        do {
            let response = try await transport.send(wire)
            let answer = try await read(response, for: conversation)
            if (200...204).contains(answer.status) { return nil }
            let mayPass = response.isTransientFailure || answer.status == 409
            guard mayPass, let wait = schedule.wait(advice: response.retryAfter, jitter: pacing.jitter()) else {
                throw failure(.refused(status: answer.status, answer.envelope), conversation)
            }
            return Retry(after: response, wait: wait)
        } catch let error as TransportError {
            guard error.isTransient, let wait = schedule.wait(jitter: pacing.jitter()) else { throw error }
            return Retry(after: error, wait: wait)
        }
    }

    /// What has arrived of a file; nil for a registry that does not tell, where all of it is sent again.
    private func uploadState(of file: UploadedFile) async throws -> UploadState? {
        let conversation = Conversation.upload(file.digest)
        let question = UploadQuestion(digest: file.digest, size: file.size)
        var wire = try request(.post, .blobs, for: conversation, json: question.json)
        try authenticate(&wire, for: conversation)
        let answer = try await exchange(wire, for: conversation)
        guard answer.status == 200, let json = try? JSONValue(parsing: answer.bytes) else { return nil }
        return try? UploadState(json: json)
    }
}

/// A file that is sent.
private struct UploadedFile: Sendable {
    let path: FilePath
    let digest: Digest
    let size: ByteCount
    let progress: (@Sendable (ByteCount) -> Void)?
}

extension BodyStream {
    /// The bytes of a file behind `offset`; the file must be exactly as long as it was.
    fileprivate static func reading(
        _ file: UploadedFile,
        from offset: ByteCount,
        else changed: RegistryClientError
    ) -> BodyStream {
        BodyStream {
            var reader: FileReader?
            var sent = offset.bytes
            return Iterator {
                let open = try reader ?? FileReader(file.path, from: offset.bytes)
                reader = open
                guard let piece = try open.next() else {
                    guard sent == file.size.bytes else { throw changed }
                    return nil
                }
                sent += Int64(piece.readableBytes)
                guard sent <= file.size.bytes else { throw changed }
                file.progress?(ByteCount(sent))
                return piece
            }
        }
    }
}

/// Reads a file piece by piece; the file is closed with the reader.
private final class FileReader {
    private static let pieceSize = 256 << 10

    private let descriptor: SystemPackage.FileDescriptor

    init(_ path: FilePath, from offset: Int64) throws {
        descriptor = try SystemPackage.FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        try descriptor.seek(offset: offset, from: .start)
    }

    /// A descriptor that cannot be closed is gone all the same.
    deinit { try? descriptor.close() }

    func next() throws -> ByteBuffer? {
        var buffer = ByteBufferAllocator().buffer(capacity: Self.pieceSize)
        // Safety: the bytes are written by the system into the free part of the buffer, and only counted as written
        // as many as it says.
        let count = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.pieceSize) { bytes in
            try descriptor.read(into: bytes)
        }
        return count == 0 ? nil : buffer
    }
}
