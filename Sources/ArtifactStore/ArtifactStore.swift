// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Archives
package import HostSystem
package import SystemPackage
package import WorkerModel

/// The installed contents of archives, by digest.
///
/// Layout below `~/.iii`:
///
///     store/sha256/<digest>/             the tree of a bundle
///     store/sha256/<digest>-NAME/NAME    the executable of a binary worker
///     store/listings/<the same>.json     path, mode, size and digest of each file of it
///     store/staging/<random>/            what is being installed or removed
///     workers-bundle/NAME, workers/NAME  links to what was installed last
///
/// What is in `sha256` was whole and verified when it was placed, and has its listing. Files are 0444 or 0555 so that nothing writes to them by
/// mistake; folders stay 0755, so that a tree can be removed by its owner with any tool. All of it may be done by several
/// processes at once.
package struct ArtifactStore: Sendable {
    package let home: IIIHome

    package init(home: IIIHome) { self.home = home }

    var trees: FilePath { home.store.appending("sha256") }
    var listings: FilePath { home.store.appending("listings") }
    var staging: FilePath { home.store.appending("staging") }

    /// Where the tree of an artifact lies when it is installed.
    package func tree(of key: ArtifactKey) -> FilePath { trees.appending(key.folderName) }

    /// Where the executable of a binary worker lies when it is installed; nil for a bundle.
    package func executable(of key: ArtifactKey) -> FilePath? { key.executable.map(tree(of: key).appending) }

    func listingPath(of folderName: String) -> FilePath { listings.appending(folderName + ".json") }

    /// Whether an artifact is installed, so that it needs no download.
    ///
    /// A tree that was placed before the last start of this machine, and never looked at since, is compared with its
    /// listing once: its files were not forced to disk, and a power failure may have cut them. What a tree holds
    /// otherwise is not looked at: that is what `verify` does.
    package func contains(_ key: ArtifactKey) throws(HostError) -> Bool {
        guard try HostFiles.kind(of: tree(of: key)) == .directory else { return false }
        let stored: StoredListing
        do { stored = try storedListing(of: key) } catch { return false }
        return stored.isSettled || (stored.boot == HostBoot.identity && stored.boot != nil) || settle(key, stored)
    }

    /// What was installed.
    ///
    /// - Throws: `ArtifactStoreError.notStored`, `.listingUnreadable`, `HostError`.
    package func listing(of key: ArtifactKey) throws -> ArchiveListing {
        guard try HostFiles.kind(of: tree(of: key)) == .directory else {
            throw ArtifactStoreError.notStored(key.digest)
        }
        return try storedListing(of: key).listing
    }

    private func storedListing(of key: ArtifactKey) throws -> StoredListing {
        let path = listingPath(of: key.folderName)
        guard let bytes = try HostFiles.read(path, upTo: .mebibytes(8)) else {
            throw ArtifactStoreError.listingUnreadable(path, reason: "it is gone")
        }
        return try StoredListing.decode(bytes, from: path)
    }

    /// The sum of the sizes of an artifact's files.
    package func size(of key: ArtifactKey) throws -> ByteCount { try listing(of: key).size }

    /// The digests of all that is installed, in their order.
    package func digests() throws(HostError) -> [Digest] {
        let names = try HostFiles.entries(of: trees)
        // What is no digest was not put there by us, and is left alone.
        return Set(names.compactMap { try? Digest(parsing: $0.prefix(64)) }).sorted()
    }
}
