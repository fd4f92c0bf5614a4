// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ImageDocuments
package import OCIImages
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

extension ImageRegistry: ImagePinning {
    /// Asks the registry, also for a reference that names its digest: what it does not have cannot be published.
    package func pin(_ reference: ImageReference) async throws -> PinnedImage {
        let image = try await look(reference)
        let host = reference.host.map { "\($0)/" } ?? ""
        return PinnedImage(
            reference: try ImageReference(parsing: "\(host)\(reference.path)@sha256:\(image.digest)"),
            platforms: image.platforms.map(\.shortDescription)
        )
    }
}
