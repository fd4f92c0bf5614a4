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
    /// The upload's right to its name, held until it ends; nil for one without a name.
    private var slot: UploadSlots.Slot?
    private var pending: [UInt8] = []
    private var received: Int64

    init(_ file: UploadFile, in layout: BlobLayout, upTo limit: ByteCount, slot: UploadSlots.Slot?) {
        self.layout = layout
        self.limit = limit
        self.slot = slot
        received = file.size
        state = .open(file)
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
        defer { slot = nil }
        return try await onBlockingThread { try upload.becomeBlob(digest, in: layout, at: now) }
    }

    func suspend() async {
        guard slot != nil else { return await abandon() }
        do {
            try await flush()
            let upload = try take()
            // Nothing is lost that was not written before; what the disk loses with its power is sent again.
            try await onBlockingThread { upload.close() }
        } catch {
            // The file went when writing failed, or the upload had ended before.
        }
        slot = nil
    }

    func abandon() async {
        guard let upload = try? take() else { return }
        pending = []
        // What cannot be removed now is swept later.
        try? await onBlockingThread { upload.discard() }
        slot = nil
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
            slot = nil
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
