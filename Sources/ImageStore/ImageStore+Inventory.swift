// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import HostSystem
import ImageDocuments
import SystemPackage
package import WorkerModel

/// One unpacked image of the store.
package struct StoredImageTree: Sendable, Hashable {
    /// The digest of its manifest.
    package let digest: Digest
    /// The sizes of its files together, zero where nothing tells.
    package let size: ByteCount
    /// The worker that it was first pulled for; nil where nothing tells.
    package let worker: String?
}

/// One document or layer as it was fetched.
package struct StoredBlob: Sendable, Hashable {
    package let digest: Digest
    package let size: ByteCount
}

extension ImageStore {
    /// All images that are unpacked, by their digests; what was not put there by us is left out.
    ///
    /// - Throws: `HostError`.
    package func inventory() throws -> [StoredImageTree] {
        try HostFiles.entries(of: trees).compactMap { name in
            guard let digest = try? Digest(parsing: name) else { return nil }
            let record = try record(of: digest)
            return StoredImageTree(digest: digest, size: record?.size ?? .zero, worker: record?.worker)
        }
    }

    /// All documents and layers.
    ///
    /// - Throws: `HostError`.
    package func fetched() throws -> [StoredBlob] {
        try HostFiles.entries(of: blobs).compactMap { name in
            guard let digest = try? Digest(parsing: name) else { return nil }
            return StoredBlob(digest: digest, size: try HostFiles.size(of: blob(digest)) ?? .zero)
        }
    }

    /// The images that processes use.
    package func digestsInUse() throws(HostError) -> Set<Digest> {
        Set(try PathsInUse.names(below: trees).compactMap { try? Digest(parsing: $0) })
    }

    /// A digest with all that its documents lead to, as far as they are here: images for other platforms count too.
    ///
    /// - Throws: `HostError`.
    package func reachable(from digest: Digest) throws -> Set<Digest> {
        var found: Set<Digest> = [digest]
        var open = [digest]
        while let next = open.popLast() {
            guard let bytes = try document(next), let content = try? OCIDocument(parsing: bytes, declared: nil) else {
                continue
            }
            switch content {
            case .image(let configuration, let layers): found.formUnion((layers + [configuration]).map(\.digest))
            case .index(let items): open += items.map(\.digest).filter { found.insert($0).inserted }
            }
        }
        return found
    }

    /// The images that have names.
    ///
    /// - Throws: `HostError`.
    package func namedDigests() throws -> Set<Digest> {
        Set(try HostFiles.entries(of: names).compactMap { try digest(in: names.appending($0)) })
    }

    /// Removes an unpacked image, in one step for whoever looks.
    ///
    /// - Throws: `HostError`.
    package func remove(_ image: StoredImageTree) throws {
        let folder = try StagingFolder(below: staging)
        try HostFiles.rename(tree(image.digest), to: folder.path.appending("tree"))
    }

    /// Removes a document or a layer.
    package func remove(_ blob: StoredBlob) throws(HostError) { try HostFiles.removeFile(self.blob(blob.digest)) }

    /// The size of what was begun to be fetched and is not whole; nobody may be fetching.
    ///
    /// - Throws: `HostError`.
    package func clearPartial(isDryRun: Bool) throws -> ByteCount {
        let size = try HostFiles.totalSize(of: partial)
        if !isDryRun { try HostFiles.removeTree(partial) }
        return size
    }
}
