// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// A reference to an image that always means the same bytes.
package struct PinnedImage: Sendable {
    package let reference: ImageReference
    /// What it runs on; empty where nobody looked.
    package let platforms: [String]

    package init(reference: ImageReference, platforms: [String] = []) {
        self.reference = reference
        self.platforms = platforms
    }
}

/// Finds out which bytes a reference means, at the registry of images that it names.
package protocol ImagePinning: Sendable {
    /// - Throws: a `CodedError` where the image cannot be found.
    func pin(_ reference: ImageReference) async throws -> PinnedImage
}

/// Takes references that name their digest, without asking anybody.
package struct NamedDigests: ImagePinning {
    package init() {}

    package func pin(_ reference: ImageReference) async throws -> PinnedImage {
        guard reference.digest != nil else { throw PublishError.imageNotPinned(reference) }
        return PinnedImage(reference: reference)
    }
}
