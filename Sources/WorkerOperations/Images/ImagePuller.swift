// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import OCIImages
package import WorkerModel

/// An image as it is locked: what was asked for, and the bytes that it names now.
package struct LockedImage: Hashable, Sendable {
    package let reference: ImageReference
    /// The digest of the index or manifest that the reference names.
    package let digest: Digest

    package init(reference: ImageReference, digest: Digest) {
        self.reference = reference
        self.digest = digest
    }

    /// `host/path@sha256:…`, without a tag: what `iii.lock` holds.
    package var locked: String {
        "\(reference.host.map { $0 + "/" } ?? "")\(reference.path)@sha256:\(digest)"
    }
}

/// The way to images, behind which pulling lies.
///
/// Safe to use from several tasks at once.
package protocol ImagePuller: Sendable {
    /// The way to registries of images.
    var registry: ImageRegistry { get }

    /// Asks what a reference names now, also one that names its digest; fetches nothing else.
    ///
    /// - Throws: an error of code W141 for a reference that names nothing.
    func pin(_ reference: ImageReference) async throws -> LockedImage

    /// Tells what a reference names; fetches no layers and keeps nothing.
    ///
    /// - Throws: as `pin`.
    func describe(_ reference: ImageReference) async throws -> ImageDescription

    /// Whether all that a worker of this image needs is on this machine and verified.
    func isPresent(_ image: LockedImage) async throws -> Bool

    /// Brings an image to this machine; when it returns, `isPresent` holds.
    ///
    /// With `replacing` it is unpacked again where it is there. A pull that fails or is cancelled leaves nothing that would be taken for a whole image.
    func pull(_ image: LockedImage, for worker: WorkerName, replacing: Bool, _ events: any EventSink) async throws
}
