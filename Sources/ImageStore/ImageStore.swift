// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import HostSystem
package import ImageDocuments
package import SystemPackage
package import WorkerModel

/// The images of this machine, by digest.
///
/// Layout below `~/.iii/store/images`:
///
///     blobs/<digest>             indexes, manifests, configurations and layers, as they were fetched
///     partial/<digest>           a layer that is being fetched; what is there is taken up again
///     sha256/<digest>/rootfs/    the layers of a manifest, unpacked one over the other
///     sha256/<digest>/image.json how that was done
///     sha256/<digest>/owners     whose its files are, as far as that is not root: see `RootOwners`
///     names/<digest>             which image a reference named when it was pulled
///     staging/<random>/          what is being unpacked or removed
///
/// What is in `blobs` and `sha256` was whole and verified when it was placed. Any number of processes may use all of it
/// at once.
package struct ImageStore: Sendable {
    package let folder: FilePath

    package init(home: IIIHome) { folder = home.store.appending("images") }

    var blobs: FilePath { folder.appending("blobs") }
    var partial: FilePath { folder.appending("partial") }
    var trees: FilePath { folder.appending("sha256") }
    var names: FilePath { folder.appending("names") }
    var staging: FilePath { folder.appending("staging") }

    func blob(_ digest: Digest) -> FilePath { blobs.appending(digest.description) }
    func tree(_ manifest: Digest) -> FilePath { trees.appending(manifest.description) }

    /// What a digest names on a platform, unpacked; nil where not all of it is on this machine.
    ///
    /// The digest is that of a manifest, or of an index with one for the platform. What was unpacked before the last start of
    /// this machine is looked through once: its files were not forced to disk, and a power failure may have cut them.
    ///
    /// - Throws: `HostError`; `ImageStoreError` for an index that has no image for the platform.
    package func find(_ digest: Digest, for platform: ImagePlatform) async throws -> InstalledImage? {
        guard let found = try manifest(digest, for: platform), try await isWhole(found.digest),
            let bytes = try document(found.configuration.digest)
        else { return nil }
        return installed(found.digest, try ImageConfiguration(parsing: bytes))
    }
}
