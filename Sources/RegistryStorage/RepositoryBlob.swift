// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// Bytes that a repository has.
package struct RepositoryBlob: Hashable, Sendable {
    /// What clients call them.
    package let digest: ContentDigest
    /// What the blob store has them under.
    package let stored: Digest
    /// How many bytes there are.
    package let size: ByteCount

    /// What is remembered of bytes in a repository.
    package init(digest: ContentDigest, stored: Digest, size: ByteCount) {
        self.digest = digest
        self.stored = stored
        self.size = size
    }
}
