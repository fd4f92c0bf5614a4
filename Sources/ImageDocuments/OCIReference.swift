// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// Something that a document of an image names: another document, or bytes.
package struct OCIReference: Hashable, Sendable {
    /// What the document says that it is.
    package let mediaType: String
    /// What its bytes must be.
    package let digest: ContentDigest
    /// How many bytes it has.
    package let size: ByteCount
    /// Whether whoever holds the document need not hold this: a layer that lies elsewhere.
    package let isElsewhere: Bool
    /// Nil where the document does not say, and for attestations.
    package let platform: ImagePlatform?
}
