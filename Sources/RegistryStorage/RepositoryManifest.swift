// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// A document that a repository has: an image, an index of several, an artifact.
package struct RepositoryManifest: Hashable, Sendable {
    /// The document's own bytes.
    package let document: RepositoryBlob
    /// What it is served as.
    package let mediaType: String
    /// What kind of artifact it is, for who asks what is about another document.
    package let artifactType: String?
    /// The document that it is about.
    package let subject: ContentDigest?
    /// One JSON object; nil where there are none.
    package let annotations: String?
    /// Whether a version delivers it, or an index that a version delivers lists it.
    ///
    /// Written by `deliver`, ignored by `insertManifest`.
    package let isPublished: Bool

    /// What is remembered of a document.
    package init(
        document: RepositoryBlob,
        mediaType: String,
        artifactType: String?,
        subject: ContentDigest?,
        annotations: String?,
        isPublished: Bool = false
    ) {
        self.document = document
        self.mediaType = mediaType
        self.artifactType = artifactType
        self.subject = subject
        self.annotations = annotations
        self.isPublished = isPublished
    }

    /// What clients call it.
    package var digest: ContentDigest { document.digest }
}
