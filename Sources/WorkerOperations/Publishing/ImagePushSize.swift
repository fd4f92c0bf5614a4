// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import OCIImages
package import WorkerModel

/// What a registry lacks of an image that is published, and from where it comes.
package struct ImagePushSize: Sendable, Hashable {
    /// As its author named it.
    package let origin: ImageOrigin
    /// How many blobs are sent.
    package let blobs: Int
    /// Their size.
    package let size: ByteCount
}
