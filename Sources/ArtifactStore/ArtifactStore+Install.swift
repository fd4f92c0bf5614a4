// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Archives
import HostSystem
package import NIOCore
package import SystemPackage
import WorkerModel

/// An artifact that lies in the store.
package struct InstalledArtifact: Sendable {
    package let key: ArtifactKey
    package let tree: FilePath
    package let listing: ArchiveListing
    /// Whether it was there before, and nothing was read.
    package let wasPresent: Bool
}

/// An artifact that passed all rules of archives and is not yet in the store.
package struct StagedArtifact: Sendable {
    /// The folder that becomes its tree.
    package let tree: FilePath
    package let listing: ArchiveListing
}

extension ArtifactStore {
    /// Installs an artifact from the bytes of its archive, or finds that it is there already.
    ///
    /// The bytes are hashed, unpacked and written as they come. Nothing is seen in the store before the digest is the
    /// expected one, every archive rule is kept and `check` has returned; then the tree is renamed into place. If anything
    /// fails, or the task is cancelled, nothing is left. Of several installs at once the first places its tree, the
    /// others find it there. Content survives the end of the process at any moment; after a power failure it is there whole or
    /// is fetched again.
    ///
    /// - Parameters:
    ///   - key: what is wanted; its digest is that of the archive.
    ///   - body: the archive. It is not read when the artifact is there.
    ///   - limits: what the archive may hold; nil for the limits of its kind.
    ///   - replacing: installs anew what is there, in one step, as a repair.
    ///   - check: what else must hold of the tree, such as that its manifest is in order.
    /// - Returns: where it lies and what is in it.
    /// - Throws: `ArtifactStoreError.digestMismatch`, also where bad bytes made no sound archive; `ArchiveError`; what
    ///   `body` and `check` throw; `HostError`; `CancellationError`.
    package func install<Body: AsyncSequence & Sendable>(
        _ key: ArtifactKey,
        from body: Body,
        limits: ArchiveLimits? = nil,
        replacing: Bool = false,
        check: (StagedArtifact) async throws -> Void = { _ in }
    ) async throws -> InstalledArtifact where Body.Element == ByteBuffer {
        if !replacing, let present = try present(key) { return present }
        // A tree without a listing, or one that a power failure cut, makes room for the new one.
        let replacing = try replacing || HostFiles.kind(of: tree(of: key)) != nil
        try prepare()
        let folder = try StagingFolder(below: staging)
        let staged = try await unpack(key, body, limits: limits, to: folder.path.appending("tree"))
        try await check(staged)
        try Task.checkCancellation()
        try place(key, staged, from: folder, replacing: replacing)
        return InstalledArtifact(key: key, tree: tree(of: key), listing: staged.listing, wasPresent: false)
    }

    /// What is installed already, as far as it has a readable listing.
    private func present(_ key: ArtifactKey) throws -> InstalledArtifact? {
        guard try contains(key) else { return nil }
        do {
            let listing = try listing(of: key)
            return InstalledArtifact(key: key, tree: tree(of: key), listing: listing, wasPresent: true)
        } catch ArtifactStoreError.listingUnreadable { return nil }
    }

    /// Makes the folders of the store and removes what killed processes left.
    private func prepare() throws(HostError) {
        try HostFiles.makeDirectory(home.root, mode: 0o700)
        for folder in [trees, listings] { try HostFiles.makeDirectory(folder) }
        try StagingFolder.sweep(staging)
    }

    private func unpack<Body: AsyncSequence & Sendable>(
        _ key: ArtifactKey,
        _ body: Body,
        limits: ArchiveLimits?,
        to tree: FilePath
    ) async throws -> StagedArtifact where Body.Element == ByteBuffer {
        try HostFiles.makeDirectory(tree)
        let views = body.map { $0.readableBytesView }
        let outcome =
            switch key.content {
            case .bundle:
                try await ArchivePipeline.read(views, limits: limits ?? .bundle) { () throws(ArchiveError) in
                    try TreeExtractor(below: tree, isReadOnly: true)
                }
            case .executable(let worker, let target):
                try await ArchivePipeline.read(
                    views,
                    format: ArchiveFormat(for: target),
                    limits: limits ?? .binary
                ) { () throws(ArchiveError) in
                    try ExecutableExtractor(of: worker, for: target, to: tree, isReadOnly: true)
                }
            }
        // First of all: what other bytes than the expected ones say about themselves means nothing.
        guard outcome.digest == key.digest else {
            throw ArtifactStoreError.digestMismatch(expected: key.digest, actual: outcome.digest, size: outcome.size)
        }
        return StagedArtifact(tree: tree, listing: try outcome.result.get())
    }

    /// Places the listing, and renames the tree into place.
    ///
    /// Nothing is forced to disk: on a busy file system that takes seconds for content that can be fetched again.
    private func place(
        _ key: ArtifactKey,
        _ staged: StagedArtifact,
        from folder: borrowing StagingFolder,
        replacing: Bool
    ) throws(HostError) {
        let listing = folder.path.appending("listing.json")
        let stored = StoredListing(listing: staged.listing, boot: HostBoot.identity ?? "")
        try HostFiles.writeNew(stored.encode(), to: listing, mode: 0o644, isSynced: false)
        try HostFiles.rename(listing, to: listingPath(of: key.folderName))
        let target = tree(of: key)
        do {
            try HostFiles.rename(staged.tree, to: target)
        } catch  where error.errno == .directoryNotEmpty || error.errno == .fileExists {
            // Somebody was faster, or it was there before: what lies there has the same digest.
            if replacing { try HostFiles.exchange(staged.tree, with: target) }
        }
    }
}
