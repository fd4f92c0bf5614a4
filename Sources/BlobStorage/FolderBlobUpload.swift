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
        /// What came before is being written while more arrives.
        case writing(Task<UploadFile, any Error>)
        case ended
    }

    /// Bytes are collected up to here before they are written, one piece at a time.
    private static let pieceSize = 256 << 10

    private let layout: BlobLayout
    private let limit: ByteCount
    private var state: State
    /// The upload's right to its name, held until it ends; nil for one without a name.
    private var slot: UploadSlots.Slot?
    /// Whether somebody knows of it though nothing has arrived.
    private let wasOpened: Bool
    private var pending: [UInt8] = []
    private var received: Int64

    init(
        _ file: UploadFile,
        in layout: BlobLayout,
        upTo limit: ByteCount,
        slot: UploadSlots.Slot?,
        wasOpened: Bool = false
    ) {
        self.wasOpened = wasOpened
        self.layout = layout
        self.limit = limit
        self.slot = slot
        received = file.size
        state = .open(file)
    }

    deinit {
        // The file stays for the sweeper, who takes what nobody ended.
        switch state {
        case .open(let upload): Self.leave(upload, slot)
        // The name stays taken until its file is as it stays.
        case .writing(let task): Task { [slot] in Self.leave(try await task.value, slot) }
        case .ended: break
        }
    }

    /// Closes a file that stays.
    private static func leave(_ upload: UploadFile, _ slot: UploadSlots.Slot?) {
        upload.close()
        slot?.keeps(upload.part)
    }

    func append(_ bytes: [UInt8]) async throws {
        if case .ended = state { throw BlobStorageError.uploadEnded }
        received += Int64(bytes.count)
        if ByteCount(received) > limit {
            await abandon()
            throw BlobStorageError.tooLarge(limit: limit)
        }
        pending += bytes
        guard pending.count >= Self.pieceSize else { return }
        try await flush()
        pending.reserveCapacity(Self.pieceSize * 2)
    }

    func finish(expecting digest: Digest?, at now: Timestamp) async throws -> StoredBlob {
        try await flush()
        let upload = try await take()
        let layout = layout
        // What was not expected is gone too.
        defer { end(keeping: nil) }
        return try await BlockingThreads.writing.run { try upload.becomeBlob(digest, in: layout, at: now) }
    }

    func suspend() async {
        guard slot != nil, received > 0 || wasOpened else { return await abandon() }
        do {
            try await flush()
            let upload = try await take()
            // Nothing is lost that was not written before; what the disk loses with its power is sent again.
            try await BlockingThreads.writing.run { upload.close() }
            end(keeping: upload.part)
        } catch {
            // The file went when writing failed, or the upload had ended before.
        }
    }

    /// Gives the name back, with what its file has; nil where there is none.
    private func end(keeping part: UploadedPart?) {
        slot?.keeps(part)
        slot = nil
    }

    func abandon() async {
        guard let upload = try? await take() else { return }
        pending = []
        // What cannot be removed now is swept later.
        try? await BlockingThreads.writing.run { upload.discard() }
        end(keeping: nil)
    }

    /// Begins to write what has been collected, once what came before it is written.
    private func flush() async throws {
        let upload = try await take()
        let bytes = pending
        pending = []
        state = .writing(Task { try await BlockingThreads.writing.run { try upload.writing(bytes) } })
    }

    /// Takes the file out of the state, which is ended from now on, once nothing is being written to it.
    private func take() async throws -> UploadFile {
        let before = state
        state = .ended
        switch before {
        case .open(let upload): return upload
        case .writing(let task):
            do { return try await task.value } catch {
                end(keeping: nil)
                throw error
            }
        case .ended: throw BlobStorageError.uploadEnded
        }
    }
}
