// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import RegistryStorage
import Synchronization
package import WorkerModel

/// Blobs as they are given out: those whose files have the size that was stored.
///
/// A file may have been cut, or exchanged, since: by a disk, or by a hand. The size is looked at each time; the bytes are
/// read when somebody has the right ones at hand.
package final class ServedBlobs: Sendable {
    /// What is known of blobs while the program runs; beyond so many it is found out anew.
    private static let mostKnown = 50_000

    private struct Known {
        /// As they were when they arrived; nil for one that came before sizes were written down.
        var sizes: [Digest: ByteCount?] = [:]
        /// Those whose bytes were read, as they were then.
        var sound: [Digest: StoredBlob] = [:]
    }

    private let store: any RegistryStore
    private let blobs: any BlobStore
    private let known = Mutex(Known())

    init(store: any RegistryStore, blobs: any BlobStore) {
        self.store = store
        self.blobs = blobs
    }

    /// What is stored under a digest; nil where nothing is.
    ///
    /// - Throws: `RegistryServiceError.blobDamaged` for a file of another size than was stored; what the stores throw.
    package func blob(_ digest: Digest) async throws -> StoredBlob? {
        guard let blob = try await blobs.blob(digest) else { return nil }
        if let size = try await size(of: digest), size != blob.size { throw RegistryServiceError.blobDamaged(digest) }
        return blob
    }

    /// Whether the bytes under a digest are there and are those, read through once for each state of the file.
    func isSound(_ digest: Digest) async throws -> Bool {
        guard let blob = try await blobs.blob(digest) else { return false }
        if let size = try await size(of: digest), size != blob.size { return false }
        if known.withLock({ $0.sound[digest] == blob }) { return true }
        var hasher = DigestHasher()
        do {
            for try await piece in BlobBytes(of: digest, in: 0..<blob.size.bytes, from: blobs) { hasher.update(piece) }
        } catch BlobStorageError.notFound { return false }
        guard hasher.finalize() == digest else { return false }
        known.withLock { Self.keep(blob, in: &$0.sound, for: digest) }
        return true
    }

    /// Makes a blob as young as one that is stored now.
    ///
    /// - Returns: whether it is there.
    func renew(_ digest: Digest, at now: Timestamp) async throws -> Bool {
        guard try await blobs.renew(digest, at: now) else { return false }
        known.withLock { known in
            guard let blob = known.sound[digest] else { return }
            known.sound[digest] = StoredBlob(digest: digest, size: blob.size, storedAt: now, file: blob.file)
        }
        return true
    }

    /// Notes a blob that has just arrived, verified.
    func stored(_ blob: StoredBlob) {
        known.withLock { known in
            Self.keep(blob.size, in: &known.sizes, for: blob.digest)
            Self.keep(blob, in: &known.sound, for: blob.digest)
        }
    }

    private func size(of digest: Digest) async throws -> ByteCount? {
        if let size = known.withLock({ $0.sizes[digest] }) { return size }
        let size = try await store.read { try $0.uploadedSize(of: digest) }
        known.withLock { known in
            // One that has arrived meanwhile is known better.
            if known.sizes[digest] == nil { Self.keep(size, in: &known.sizes, for: digest) }
        }
        return size
    }

    private static func keep<Value>(_ value: Value, in table: inout [Digest: Value], for digest: Digest) {
        if table.count >= mostKnown { table = [:] }
        table[digest] = value
    }
}
