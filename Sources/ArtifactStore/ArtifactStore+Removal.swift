// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import HostSystem
import SystemPackage
package import WorkerModel

extension ArtifactStore {
    /// Removes all that was installed from the archive with this digest.
    ///
    /// Links to it are the caller's.
    ///
    /// Each tree leaves the store in one step and is then taken apart, so that no half of one is ever found there.
    ///
    /// - Returns: how many bytes of files were removed, as far as their listings tell.
    @discardableResult
    package func remove(_ digest: Digest) throws -> ByteCount {
        let names = try HostFiles.entries(of: trees).filter { $0.hasPrefix(digest.description) }
        var removed = ByteCount.zero
        for name in names {
            let listing = listingPath(of: name)
            let folder = try StagingFolder(below: staging)
            try HostFiles.rename(trees.appending(name), to: folder.path.appending("tree"))
            if let bytes = try? HostFiles.read(listing, upTo: .mebibytes(8)),
                let stored = try? StoredListing.decode(bytes, from: listing)
            {
                removed = removed + stored.listing.size
            }
            try HostFiles.removeFile(listing)
        }
        return removed
    }
}
