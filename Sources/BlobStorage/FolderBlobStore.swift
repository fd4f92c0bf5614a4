// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
package import RegistryStorage
package import SystemPackage
package import WorkerModel

/// Blobs in a folder of this machine.
///
///     sha256/ab/abcdef…      a blob, mode 0444; its modification time is when it was stored or last renewed
///     uploads/0123…          an upload under way, mode 0600
///     uploads/abcdef….acme   one that can be continued: the digest that it is to have, and the account
///
/// Any number of uploads and readers may be at work, in any number of programs. How much an account has left unfinished is
/// counted by the program that it sends to; what others do to the folder is seen at the start and by `sweepUploads`.
package final class FolderBlobStore: BlobStore {
    /// Less than this does not tell of a full disk.
    private static let probed = [UInt8](repeating: 0, count: 64 << 10)

    private let layout: BlobLayout
    private let slots: UploadSlots
    private let uploadNames: @Sendable () -> UInt64

    /// Opens the folder, making it and those above it where they are missing (mode 0700).
    ///
    /// Blocks while it does. `uploadNames` draws the random numbers that uploads are named by.
    ///
    /// - Throws: `BlobStorageError`.
    package init(
        _ root: FilePath,
        uploadNames: @escaping @Sendable () -> UInt64 = { UInt64.random(in: 0 ... .max) }
    ) throws(BlobStorageError) {
        layout = BlobLayout(root: root)
        self.uploadNames = uploadNames
        do {
            try HostFiles.makeDirectory(layout.blobs, mode: 0o700)
            try HostFiles.makeDirectory(layout.uploads, mode: 0o700)
            try HostFiles.syncDirectory(root)
        } catch { throw BlobStorageError(error) }
        slots = UploadSlots(try layout.suspendedUploads())
    }

    package func beginUpload(_ name: UploadName?, upTo limit: ByteCount) async throws -> any BlobUpload {
        let (layout, names) = (layout, uploadNames)
        let slot = name.flatMap(slots.take)
        return try await BlockingThreads.writing.run {
            let file =
                if let slot { try UploadFile(layout.path(of: slot.name)) } else {
                    try UploadFile(in: layout.uploads, names: names)
                }
            // It has taken the place of one that was there.
            slot?.keeps(nil)
            return FolderBlobUpload(file, in: layout, upTo: limit, slot: slot)
        }
    }

    package func continueUpload(
        _ name: UploadName,
        at offset: ByteCount,
        upTo limit: ByteCount
    ) async throws -> any BlobUpload {
        guard let slot = slots.take(name) else { throw BlobStorageError.uploadUnderWay }
        let layout = layout
        return try await BlockingThreads.writing.run {
            let (path, wasOpened) = (layout.path(of: name), slot.part != nil)
            let file = offset == .zero ? try UploadFile(path) : try UploadFile(continuing: path, at: offset, slot.part)
            slot.keeps(file.part)
            return FolderBlobUpload(file, in: layout, upTo: limit, slot: slot, wasOpened: wasOpened)
        }
    }

    /// Makes an empty file, which is not synced: what a power failure takes is begun anew.
    package func openUpload(_ name: UploadName) async throws {
        guard let slot = slots.take(name) else { throw BlobStorageError.uploadUnderWay }
        let layout = layout
        try await BlockingThreads.writing.run {
            let file = try UploadFile(layout.path(of: name))
            file.close()
            slot.keeps(file.part)
        }
    }

    /// Removes the file.
    package func discardUpload(_ name: UploadName) async throws -> Bool {
        guard let slot = slots.take(name) else { throw BlobStorageError.uploadUnderWay }
        let layout = layout
        return try await BlockingThreads.writing.run {
            defer { slot.keeps(nil) }
            return try BlobFile.remove(layout.path(of: name))
        }
    }

    /// As this program knows it.
    package func unfinishedUploads(of account: AccountName) async throws -> Int { slots.count(of: account) }

    package func suspendedUpload(_ name: UploadName) async throws -> ByteCount? {
        // Held while looking: a number that changes meanwhile would be of no use.
        guard let slot = slots.take(name) else { throw BlobStorageError.uploadUnderWay }
        let layout = layout
        return try await BlockingThreads.reading.run { try BlobFile.status(of: layout.path(of: slot.name))?.size }
    }

    package func suspendedUploads(of account: AccountName) async throws -> ByteCount { slots.size(of: account) }

    package func probe() async throws {
        let (layout, names) = (layout, uploadNames)
        try await BlockingThreads.writing.run {
            // What fails removes the file.
            try UploadFile(in: layout.uploads, names: names).writing(Self.probed).discard()
        }
    }

    package func blob(_ digest: Digest) async throws -> StoredBlob? {
        let layout = layout
        return try await BlockingThreads.reading.run { try layout.blob(digest) }
    }

    package func bytes(of digest: Digest, in range: Range<Int64>) async throws -> [UInt8] {
        let path = layout.path(of: digest)
        return try await BlockingThreads.reading.run {
            guard let file = try BlobFile.open(path) else { throw BlobStorageError.notFound(digest) }
            return try file.closing { try BlobFile.read(file, path, in: range) }
        }
    }

    package func renew(_ digest: Digest, at now: Timestamp) async throws -> Bool {
        let layout = layout
        return try await BlockingThreads.writing.run { try layout.renew(digest, at: now) }
    }

    package func delete(_ digest: Digest, ifOlderThan moment: Timestamp) async throws -> Bool {
        let layout = layout
        return try await BlockingThreads.writing.run { try layout.delete(digest, ifOlderThan: moment) }
    }

    package func blobs(after digest: Digest?, limit: Int) async throws -> [StoredBlob] {
        let layout = layout
        return try await BlockingThreads.reading.run { try layout.blobs(after: digest, limit: limit) }
    }

    @discardableResult
    package func sweepUploads(olderThan moment: Timestamp) async throws -> Int {
        let (layout, slots) = (layout, slots)
        return try await BlockingThreads.writing.run { try layout.sweepUploads(olderThan: moment, slots) }
    }
}
