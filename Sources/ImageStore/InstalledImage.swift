// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ImageDocuments
package import SystemPackage
package import WorkerModel

/// An image that is unpacked on this machine, whole and verified.
package struct InstalledImage: Sendable {
    /// The digest of its manifest: of the one for this platform, where an index was named.
    package let digest: Digest
    /// The root file system.
    ///
    /// Nothing writes to it: all who run the image share it.
    package let root: FilePath
    /// The file with the `RootOwners` of that file system; nil where there is none.
    package let owners: FilePath?
    package let configuration: ImageConfiguration

    /// The most bytes of `/iii/worker.yaml`.
    static let manifestLimit = ByteCount.kibibytes(64)

    /// The contents of a file of the image, nil where it holds none at this path.
    ///
    /// Links are followed as a container would: none leads out of the root.
    ///
    /// - Throws: `HostError`; `FileTooLarge`; `ImageStoreError` for a path that is no regular file.
    package func read(_ path: String, upTo limit: ByteCount) throws -> [UInt8]? {
        try RootFolder(root).read(Array(path.utf8), upTo: limit)
    }

    /// What the image says of itself as a worker: `/iii/worker.yaml`, nil where there is none.
    ///
    /// - Throws: As `read`.
    package func workerManifest() throws -> [UInt8]? { try read("/iii/worker.yaml", upTo: Self.manifestLimit) }
}
