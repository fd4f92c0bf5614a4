// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
package import HostSystem
import SystemPackage
package import WorkerModel

/// One tree of the store.
package struct StoredTree: Sendable, Hashable {
    /// The name of its folder below `store/sha256`.
    package let folder: String
    package let digest: Digest
    /// The sum of the sizes of its files, zero where its listing cannot be read.
    package let size: ByteCount
    /// The name of its executable, nil for a bundle.
    package let executable: String?
}

extension ArtifactStore {
    /// All that is installed, by the names of the folders.
    ///
    /// What was not put there by us is left out.
    ///
    /// - Throws: `HostError`.
    package func inventory() throws -> [StoredTree] {
        try HostFiles.entries(of: trees).compactMap { folder in
            guard let digest = try? Digest(parsing: folder.prefix(64)) else { return nil }
            let rest = folder.dropFirst(64)
            let executable = rest.hasPrefix("-") ? String(rest.dropFirst()) : nil
            guard rest.isEmpty || executable != nil else { return nil }
            return StoredTree(folder: folder, digest: digest, size: size(ofFolder: folder), executable: executable)
        }
    }

    /// The names below `store/sha256` that processes use.
    package func namesInUse() throws(HostError) -> Set<String> { try PathsInUse.names(below: trees) }

    /// Removes one tree with its listing, in one step for whoever looks.
    package func remove(_ tree: StoredTree) throws {
        let folder = try StagingFolder(below: staging)
        try HostFiles.rename(trees.appending(tree.folder), to: folder.path.appending("tree"))
        try HostFiles.removeFile(listingPath(of: tree.folder))
    }

    /// Removes the links that lead to nothing, as they do when what they pointed to was removed.
    package func removeDanglingLinks() throws {
        for folder in [home.workers, home.workersBundle] {
            for name in try HostFiles.entries(of: folder) {
                let link = folder.appending(name)
                guard try HostFiles.kind(of: link) == .symbolicLink, (try? HostFiles.canonical(link)) == nil else {
                    continue
                }
                try HostFiles.removeFile(link)
            }
        }
    }

    /// Takes the store into use, so that nothing is cleared from it until the lock is released or its process ends.
    ///
    /// - Throws: `HostError`; `FileLockBusy` while another process clears.
    package func hold() async throws -> FileLock { try await lock(isShared: true) }

    /// Keeps everybody else from installing.
    ///
    /// - Throws: `HostError`; `FileLockBusy` while another process installs.
    package func holdAlone() async throws -> FileLock { try await lock(isShared: false) }

    private func lock(isShared: Bool) async throws -> FileLock {
        try HostFiles.makeDirectory(home.root, mode: 0o700)
        try HostFiles.makeDirectory(home.store)
        return try await FileLock.acquire(
            home.store.appending("use.lock"),
            waitingUpTo: .seconds(10),
            isShared: isShared
        )
    }

    private func size(ofFolder folder: String) -> ByteCount {
        let path = listingPath(of: folder)
        guard let bytes = try? HostFiles.read(path, upTo: .mebibytes(8)),
            let listing = try? StoredListing.decode(bytes, from: path)
        else { return .zero }
        return listing.listing.size
    }
}
