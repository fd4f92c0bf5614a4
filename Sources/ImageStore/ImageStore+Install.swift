// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Archives
import HostSystem
package import ImageDocuments
import Sandboxing
import SystemPackage
import WorkerModel

/// An image all of whose documents are here, and which can be unpacked as its layers come.
package struct UnpackableImage: Sendable {
    package let manifest: StoredManifest
    package let configuration: ImageConfiguration
    fileprivate let compressions: [LayerCompression]
}

extension ImageStore {
    /// Puts together what is known of an image.
    ///
    /// - Throws: `ImageStoreError` where its documents contradict each other, or say what nobody understands, or where it is
    ///   for another platform; `HostError`.
    package func unpackable(_ manifest: StoredManifest, for platform: ImagePlatform) throws -> UnpackableImage {
        guard let bytes = try document(manifest.configuration.digest) else {
            throw ImageStoreError.missing(manifest.configuration.digest)
        }
        let configuration: ImageConfiguration
        do { configuration = try ImageConfiguration(parsing: bytes) } catch {
            throw ImageStoreError.unreadable(manifest.digest, reason: error.reason)
        }
        guard configuration.layers.count == manifest.layers.count else {
            let reason =
                "its manifest has \(manifest.layers.count) layers, its configuration \(configuration.layers.count)"
            throw ImageStoreError.unreadable(manifest.digest, reason: reason)
        }
        if let own = configuration.platform, own.rank(on: platform) == nil {
            throw ImageStoreError.unsupportedPlatform(manifest.digest, host: platform, available: [own])
        }
        let compressions = try manifest.layers.map { layer in
            guard let compression = LayerCompression(mediaType: layer.mediaType) else {
                throw ImageStoreError.unreadable(
                    manifest.digest,
                    reason: "it has a layer of the type `\(layer.mediaType)`"
                )
            }
            return compression
        }
        return UnpackableImage(manifest: manifest, configuration: configuration, compressions: compressions)
    }

    /// Unpacks an image, in the order of its layers and while they come.
    ///
    /// Nothing is seen in the store before every layer is the one that the configuration names and kept every rule; then
    /// the tree is renamed into place. If anything fails, or the task is cancelled, or the process ends, the blobs stay and
    /// nothing else. Of several at once the first places its tree.
    ///
    /// - Parameters:
    ///   - image: what to unpack.
    ///   - limits: the most that it may hold.
    ///   - worker: who it is for, to tell people later.
    ///   - replacing: puts a new tree in the place of one that is there.
    ///   - layer: returns once the layer of this index is in the store.
    /// - Returns: the image as it is installed, and what of it was left out, in words.
    /// - Throws: `ArchiveError`; `ImageStoreError`; `HostError`; what `layer` throws; `CancellationError`.
    package func install(
        _ image: UnpackableImage,
        limits: LayerLimits = LayerLimits(),
        for worker: String? = nil,
        replacing: Bool = false,
        layer: @escaping @Sendable (Int) async throws -> Void = { _ in }
    ) async throws -> (image: InstalledImage, notes: [String]) {
        try prepare()
        let staged = try StagingFolder(below: staging)
        let built = try await build(image, in: staged.path, limits: limits, layer: layer)
        try Task.checkCancellation()
        let tree = staged.path.appending("tree")
        let shape = try await RootShape.measured(tree.appending("rootfs"))
        let record = ImageRecord(of: shape, notes: built.notes, boot: HostBoot.identity ?? "", worker: worker)
        try HostFiles.writeNew(record.encode(), to: tree.appending("image.json"), mode: 0o644, isSynced: false)
        // Synced as little as the tree that it tells of: one that a power failure cut is found by the shape of that one.
        try HostFiles.writeNew(built.owners.bytes, to: tree.appending("owners"), mode: 0o644, isSynced: false)
        // A tree that a power failure cut makes room.
        let replacing = try await !isWhole(image.manifest.digest) || replacing
        try place(tree, at: self.tree(image.manifest.digest), replacing: replacing)
        return (installed(image.manifest.digest, image.configuration), built.notes)
    }

    func installed(_ manifest: Digest, _ configuration: ImageConfiguration) -> InstalledImage {
        let owners = tree(manifest).appending("owners")
        return InstalledImage(
            digest: manifest,
            root: tree(manifest).appending("rootfs"),
            // One that an older program unpacked has none.
            owners: (try? HostFiles.kind(of: owners)) == .file ? owners : nil,
            configuration: configuration
        )
    }

    /// Unpacks to `tree/rootfs` below a folder.
    func build(
        _ image: UnpackableImage,
        in folder: FilePath,
        limits: LayerLimits,
        layer: @escaping @Sendable (Int) async throws -> Void
    ) async throws -> BuiltRoot {
        let root = folder.appending("tree").appending("rootfs")
        try HostFiles.makeDirectory(root)
        return try await LayerPipeline.read(
            image.manifest.layers.count,
            limits: limits,
            open: { index in
                try await layer(index)
                let digest = image.manifest.layers[index].digest
                guard try HostFiles.kind(of: blob(digest)) == .file else { throw ImageStoreError.missing(digest) }
                return LayerPipeline.Source(blob(digest), image.compressions[index])
            },
            check: { index, digest in
                let expected = image.configuration.layers[index]
                guard digest == expected else {
                    throw ImageStoreError.digestMismatch(what: "an unpacked layer", expected: expected, actual: digest)
                }
            },
            into: { () throws(ArchiveError) in try RootBuilder(in: root) }
        )
    }

    func prepare() throws(HostError) {
        try HostFiles.makeDirectory(folder, mode: 0o700)
        for folder in [blobs, partial, trees] { try HostFiles.makeDirectory(folder, mode: 0o700) }
        try StagingFolder.sweep(staging)
    }

    private func place(_ tree: FilePath, at target: FilePath, replacing: Bool) throws(HostError) {
        do {
            try HostFiles.rename(tree, to: target)
        } catch  where error.errno == .directoryNotEmpty || error.errno == .fileExists {
            // Somebody was faster, or it was there before: what lies there is of the same digest.
            if replacing { try HostFiles.exchange(tree, with: target) }
        }
    }
}

extension LayerCompression {
    /// What the type of a layer says, in the OCI dialect or Docker's; nil for a type that is none of a layer.
    init?(mediaType: String) {
        switch mediaType {
        case "application/vnd.oci.image.layer.v1.tar", "application/vnd.docker.image.rootfs.diff.tar": self = .none
        case "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.docker.image.rootfs.diff.tar.gzip":
            self = .gzip
        case "application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.docker.image.rootfs.diff.tar.zstd":
            self = .zstd
        default: return nil
        }
    }
}
