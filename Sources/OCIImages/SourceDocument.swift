// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ImageDocuments
package import WorkerModel

/// A document of an image as it was written, and read.
package struct SourceDocument: Sendable {
    /// As they are hashed, and sent.
    package let bytes: [UInt8]
    /// Of the bytes.
    package let digest: ContentDigest
    /// What it says.
    package let content: OCIContent

    /// Reads a document; `algorithm` is that of the digest which it is known by.
    ///
    /// - Throws: `OCIDocumentError`.
    package init(
        _ bytes: [UInt8],
        declared: OCIMediaType?,
        algorithm: ContentDigest.Algorithm = .sha256
    ) throws(OCIDocumentError) {
        self.bytes = bytes
        digest = ContentDigest(of: bytes, algorithm)
        content = try OCIContent(parsing: bytes, declared: declared)
    }
}
