// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import HostSystem
import RegistryStorage
import SystemPackage
import WorkerModel

/// One upload into a file of its own, which becomes the blob or goes away.
actor FolderBlobUpload: BlobUpload {
    private enum State {
        case open(UploadFile)
        /// A call is at work with the file, on another thread.
        case working
        case ended
    }

    /// Bytes are collected up to here before a thread is asked to write them.
    private static let pieceSize = 256 << 10

    private let layout: BlobLayout
    private let limit: ByteCount
    private var state: State
    private var pending: [UInt8] = []
    private var received: Int64 = 0

    /// Blocks while it makes the file.
    init(_ layout: BlobLayout, upTo limit: ByteCount, names: @Sendable () -> UInt64) throws(BlobStorageError) {
        self.layout = layout
        self.limit = limit
        state = .open(try UploadFile(in: layout.uploads, names: names))
    }

    deinit {
        // The file stays for the sweeper, who takes what nobody ended.
        if case .open(let upload) = state { upload.close() }
    }

    func append(_ bytes: [UInt8]) async throws {
        guard case .open = state else { throw BlobStorageError.uploadEnded }
        received += Int64(bytes.count)
        if ByteCount(received) > limit {
            await abandon()
            throw BlobStorageError.tooLarge(limit: limit)
        }
        pending += bytes
        if pending.count >= Self.pieceSize { try await flush() }
    }

    func finish(expecting digest: Digest, at now: Timestamp) async throws -> StoredBlob {
        try await flush()
        let upload = try take()
        let layout = layout
        return try await onBlockingThread { try upload.becomeBlob(digest, in: layout, at: now) }
    }

    func abandon() async {
        guard let upload = try? take() else { return }
        pending = []
        // What cannot be removed now is swept later.
        try? await onBlockingThread { upload.discard() }
    }

    private func flush() async throws {
        let upload = try take()
        let bytes = pending
        pending = []
        state = .working
        do {
            let written = try await onBlockingThread { try upload.writing(bytes) }
            state = .open(written)
        } catch {
            state = .ended
            throw error
        }
    }

    /// Takes the file out of the state, which is ended from now on.
    private func take() throws(BlobStorageError) -> UploadFile {
        guard case .open(let upload) = state else { throw .uploadEnded }
        state = .ended
        return upload
    }
}

/// The file of an upload, with the digest of what was written to it.
///
/// Whatever fails removes the file.
private struct UploadFile: Sendable {
    private let file: FileDescriptor
    private let path: FilePath
    private var hasher = DigestHasher()
    private var size: Int64 = 0

    init(in folder: FilePath, names: () -> UInt64) throws(BlobStorageError) {
        // A name that is taken twice in a row is bad luck; more often than this it is another fault.
        for attempt in 1...16 {
            let digits = String(names(), radix: 16)
            let path = folder.appending(String(repeating: "0", count: 16 - digits.count) + digits)
            do {
                file = try FileDescriptor.open(
                    path,
                    .writeOnly,
                    options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
                    permissions: .ownerReadWrite
                )
                self.path = path
                return
            } catch {
                if error as? Errno == .fileExists, attempt < 16 { continue }
                throw BlobStorageError("create", path, error)
            }
        }
        throw .failed(operation: "create", subject: folder.string, reason: "every name is taken")
    }

    /// The upload with these bytes added.
    func writing(_ bytes: [UInt8]) throws(BlobStorageError) -> UploadFile {
        var next = self
        next.hasher.update(bytes)
        next.size += Int64(bytes.count)
        do { try file.writeAll(bytes) } catch {
            discard()
            throw BlobStorageError("write", path, error)
        }
        return next
    }

    func becomeBlob(_ digest: Digest, in layout: BlobLayout, at now: Timestamp) throws(BlobStorageError) -> StoredBlob {
        let found = hasher.finalize()
        do {
            guard found == digest else { throw BlobStorageError.digestMismatch(expected: digest, found: found) }
            if fchmod(file.rawValue, 0o444) != 0 { throw Errno(rawValue: iii_errno()) }
            _ = try BlobFile.setTime(of: path, to: now)
            // Bytes first, name after: a name never stands for bytes that a power failure took.
            if fsync(file.rawValue) != 0 { throw Errno(rawValue: iii_errno()) }
            let blob = try layout.place(path, as: digest, size: ByteCount(size), at: now)
            close()
            return blob
        } catch {
            discard()
            throw BlobStorageError("store", path, error)
        }
    }

    func discard() {
        close()
        // What cannot be removed now is swept later.
        _ = try? BlobFile.remove(path)
    }

    /// A failure to close says nothing that `fsync` has not said.
    func close() { try? file.close() }
}
