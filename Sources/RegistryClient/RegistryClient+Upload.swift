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

    /// Whether the registry has the bytes of a digest.
    ///
    /// - Throws: `RegistryClientError`, `TransportError`.
    package func hasBlob(_ digest: Digest) async throws -> Bool {
        let wire = try request(.head, .blob(digest), for: .upload(digest))
        let answer = try await exchange(wire, for: .upload(digest))
        switch answer.status {
        case 200...204: return true
        case 404: return false
        default: throw RegistryClientError(.refused(status: answer.status, answer.envelope), .upload(digest))
        }
    }

    /// Uploads a file under its digest, unless the registry has it.
    ///
    /// The file is read while it is sent, from its start again for every try. `progress` is told the bytes sent so
    /// far, from wherever they are read; it starts anew with a new try.
    ///
    /// - Throws: `RegistryClientError`: W145 where the bytes are not those of the digest or too many, W144 for the key;
    ///   `TransportError`; the system's error where the file cannot be read.
    package func upload(
        _ file: FilePath,
        digest: Digest,
        size: ByteCount,
        progress: (@Sendable (ByteCount) -> Void)? = nil
    ) async throws -> Upload {
        let conversation = Conversation.upload(digest)
        var wire = try request(.put, .blob(digest), for: conversation)
        try authenticate(&wire, for: conversation)
        if try await hasBlob(digest) { return .wasThere }
        wire.headers.append("Content-Type", "application/octet-stream")
        let changed = RegistryClientError(.fileChanged(file.string), conversation)
        wire.body = .stream(length: size, .reading(file, exactly: size, else: changed, progress: progress))
        let answer = try await exchange(wire, for: conversation)
        guard (200...204).contains(answer.status) else {
            throw RegistryClientError(.refused(status: answer.status, answer.envelope), conversation)
        }
        return .sent
    }
}

extension BodyStream {
    /// The bytes of a file, which must be exactly as long as `size` says.
    fileprivate static func reading(
        _ file: FilePath,
        exactly size: ByteCount,
        else changed: RegistryClientError,
        progress: (@Sendable (ByteCount) -> Void)?
    ) -> BodyStream {
        BodyStream {
            var reader: FileReader?
            var sent: Int64 = 0
            return Iterator {
                let open = try reader ?? FileReader(file)
                reader = open
                guard let piece = try open.next() else {
                    guard sent == size.bytes else { throw changed }
                    return nil
                }
                sent += Int64(piece.readableBytes)
                guard sent <= size.bytes else { throw changed }
                progress?(ByteCount(sent))
                return piece
            }
        }
    }
}

/// Reads a file piece by piece; the file is closed with the reader.
private final class FileReader {
    private static let pieceSize = 256 << 10

    private let descriptor: SystemPackage.FileDescriptor

    init(_ path: FilePath) throws {
        descriptor = try SystemPackage.FileDescriptor.open(path, .readOnly, options: .closeOnExec)
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
