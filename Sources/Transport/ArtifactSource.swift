// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// The bytes of one artifact, wanted from one URL.
package struct ArtifactRequest: Sendable {
    /// Tells how far a download is: bytes so far, and how many there will be where that is known.
    package typealias Progress = @Sendable (_ received: ByteCount, _ total: ByteCount?) -> Void

    package var url: RemoteURL
    /// The registry whose answer named the URL: where its user has named it, its own host may have any address.
    package var registry: RemoteURL.Origin?
    /// The most bytes that are taken.
    package var limit: ByteCount
    /// What the whole is expected to hash to, by which a part of it is found again; nobody checks it here.
    package var digest: Digest?
    /// Called for every piece, in order, from wherever the bytes are read.
    package var progress: Progress?

    package init(_ url: RemoteURL, upTo limit: ByteCount, digest: Digest? = nil, progress: Progress? = nil) {
        self.url = url
        self.limit = limit
        self.digest = digest
        self.progress = progress
    }
}

/// An artifact on its way.
package struct ArtifactDownload: Sendable {
    /// As the server declared it; it may be wrong.
    package let length: ByteCount?
    /// Whether it goes on behind what an earlier download left here, which may be damaged.
    package let isContinued: Bool
    /// All bytes in order, to be read once; a cut connection is taken up again without a trace in it.
    package let body: BodyStream

    package init(length: ByteCount?, isContinued: Bool = false, body: BodyStream) {
        self.length = length
        self.isContinued = isContinued
        self.body = body
    }
}

/// The one way to fetch an artifact.
///
/// Nobody vouches for the bytes: who reads them checks their digest.
package protocol ArtifactSource: Sendable {
    /// Starts a download and waits for its first answer.
    ///
    /// - Throws: a `CodedError` of code W142 where the artifact cannot be had; reading the body throws the same.
    func fetch(_ request: ArtifactRequest) async throws -> ArtifactDownload
}
