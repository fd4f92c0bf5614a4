// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
package import HostSystem
package import ImageDocuments
package import NIOCore
import SystemPackage
package import WorkerModel

/// A blob that is on its way into the store.
///
/// Nobody else fetches it meanwhile, in this process or another. What was written stays when it is dropped or its process
/// ends, and the next one goes on behind it.
package final class PartialBlob {
    package let blob: OCIDescriptor
    /// How many bytes are there.
    package private(set) var offset: Int64 = 0
    private var hasher = DigestHasher()
    private let descriptor: SystemPackage.FileDescriptor
    private let path: FilePath
    private let target: FilePath
    private let lock: FileLock

    init(_ blob: OCIDescriptor, at path: FilePath, target: FilePath, lock: FileLock) throws(HostError) {
        do {
            descriptor = try SystemPackage.FileDescriptor.open(
                path,
                .readWrite,
                options: [.create, .noFollow, .closeOnExec],
                permissions: FilePermissions(rawValue: 0o600)
            )
        } catch { throw HostError(.create, path, error as? Errno ?? .ioError) }
        self.blob = blob
        self.path = path
        self.target = target
        self.lock = lock
        try takeUp()
    }

    deinit {
        try? descriptor.close()
        lock.release()
    }

    /// Hashes what an earlier try has left; what is longer than the blob is none of it.
    private func takeUp() throws(HostError) {
        do {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
            // Safety: the buffer lives as long as this call, which alone reads and writes it.
            defer { buffer.deallocate() }
            while true {
                let count = try descriptor.read(into: buffer)
                if count == 0 { break }
                hasher.update(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
                offset += Int64(count)
            }
        } catch { throw HostError(.read, path, error as? Errno ?? .ioError) }
        if offset > blob.size.bytes { try restart() }
    }

    /// Throws away what is there.
    package func restart() throws(HostError) {
        if ftruncate(descriptor.rawValue, 0) != 0 { throw HostError(.write, path, .current) }
        (offset, hasher) = (0, DigestHasher())
    }

    package func append(_ bytes: ByteBuffer) throws {
        try bytes.withUnsafeReadableBytes { bytes in
            hasher.update(bytes)
            do { _ = try descriptor.writeAll(toAbsoluteOffset: offset, bytes) } catch {
                throw HostError(.write, path, error as? Errno ?? .ioError)
            }
        }
        offset += Int64(bytes.readableBytes)
    }

    /// Places the blob, all of which has come; where it is another one, nothing of it is kept.
    ///
    /// - Throws: `ImageStoreError.digestMismatch`; `HostError`.
    package func finish() throws {
        let digest = hasher.finalize()
        guard digest == blob.digest else {
            try restart()
            throw ImageStoreError.digestMismatch(what: "a layer", expected: blob.digest, actual: digest)
        }
        try HostFiles.rename(path, to: target)
        // Whoever waits for the lock finds the blob; whoever comes later makes another file.
        try? HostFiles.removeFile(lock.path)
    }
}

extension ImageStore {
    /// The longest that another process may take for a layer.
    private static let patience = Duration.seconds(3600)

    /// Whether a blob was fetched and still is what it was then: it was not forced to disk.
    @concurrent
    private func has(_ blob: OCIDescriptor) async throws -> Bool {
        let path = self.blob(blob.digest)
        guard try HostFiles.kind(of: path) == .file, try HostFiles.size(of: path) == blob.size else { return false }
        return try HostFiles.digest(of: path) == blob.digest
    }

    /// Begins to receive a blob, or goes on where somebody left off; nil where it is there already.
    ///
    /// Waits while another process fetches it. What is there and was damaged since is received anew.
    ///
    /// - Throws: `HostError`; `FileLockBusy`; `CancellationError`.
    package func receive(_ blob: OCIDescriptor) async throws -> PartialBlob? {
        if try await has(blob) { return nil }
        try prepare()
        let path = partial.appending(blob.digest.description)
        let lock = try await FileLock.acquire(
            partial.appending("\(blob.digest).lock"),
            waitingUpTo: Self.patience
        )
        // Somebody else may have fetched it while we waited.
        if try await has(blob) {
            lock.release()
            return nil
        }
        return try PartialBlob(blob, at: path, target: self.blob(blob.digest), lock: lock)
    }

    /// Keeps an index, a manifest or a configuration.
    ///
    /// - Throws: `HostError`.
    package func keep(_ bytes: [UInt8], digest: Digest) throws {
        if try document(digest) != nil { return }
        try prepare()
        let temporary = HostFiles.temporarySibling(of: partial.appending(digest.description))
        try HostFiles.writeNew(bytes, to: temporary, mode: 0o600, isSynced: false)
        try HostFiles.rename(temporary, to: blob(digest))
    }
}
