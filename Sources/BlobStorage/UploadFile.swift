// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import HostSystem
import RegistryStorage
import SystemPackage
import WorkerModel

/// The file of an upload, with the digest of what was written to it.
///
/// Whatever fails removes the file.
struct UploadFile: Sendable {
    private static let pieceSize: Int64 = 1 << 20
    /// From so many bytes on that were written, the disk begins with them while more arrive.
    private static let writebackSize: Int64 = 4 << 20

    private let file: FileDescriptor
    private let path: FilePath
    private(set) var hasher = DigestHasher()
    private(set) var size: Int64 = 0
    /// How much of the file the disk was told to begin with.
    private var begun: Int64 = 0

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

    /// Makes a file with a name of its own, in place of one that is there.
    init(_ path: FilePath) throws(BlobStorageError) {
        self.path = path
        do {
            // Not emptied but replaced: whoever still holds the old one writes into nothing.
            try BlobFile.remove(path)
            file = try FileDescriptor.open(
                path,
                .writeOnly,
                options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
                permissions: .ownerReadWrite
            )
        } catch { throw BlobStorageError("create", path, error) }
    }

    /// Opens a file to go on behind the `offset` bytes that it has, which are hashed again unless `part` is of them.
    ///
    /// - Throws: `.uploadOffset` where it has another number of bytes, or is not there.
    init(continuing path: FilePath, at offset: ByteCount, _ part: UploadedPart?) throws(BlobStorageError) {
        self.path = path
        do {
            file = try FileDescriptor.open(path, .readWrite, options: [.noFollow, .closeOnExec])
        } catch {
            if error as? Errno == .noSuchFileOrDirectory { throw .uploadOffset(expected: .zero) }
            throw BlobStorageError("open", path, error)
        }
        do {
            // Looked at before all of it is hashed: a wrong offset costs nothing.
            let arrived = try BlobFile.status(of: path)?.size ?? .zero
            guard arrived == offset else { throw BlobStorageError.uploadOffset(expected: arrived) }
            if let part, let known = part.hasher, part.size == offset.bytes { (hasher, size) = (known, part.size) }
            while true {
                let piece = try BlobFile.read(file, path, in: size..<size + Self.pieceSize)
                if piece.isEmpty { break }
                hasher.update(piece)
                size += Int64(piece.count)
            }
            guard size == offset.bytes else { throw BlobStorageError.uploadOffset(expected: ByteCount(size)) }
            try file.seek(offset: size, from: .start)
        } catch {
            close()
            throw BlobStorageError("read", path, error)
        }
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
        if next.size - begun >= Self.writebackSize {
            iii_begin_writeback(file.rawValue, off_t(begun), off_t(next.size - begun))
            next.begun = next.size
        }
        return next
    }

    /// What has arrived.
    var part: UploadedPart { UploadedPart(size: size, hasher: hasher) }

    func becomeBlob(
        _ expected: Digest?,
        in layout: BlobLayout,
        at now: Timestamp
    ) throws(BlobStorageError) -> StoredBlob {
        let digest = hasher.finalize()
        do {
            if let expected, expected != digest {
                throw BlobStorageError.digestMismatch(expected: expected, found: digest)
            }
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
