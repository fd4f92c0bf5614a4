// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryStorage
import WorkerModel

/// Makes for versions that an older release published what clients of images get of them.
struct DeliverVersions: Sendable {
    private static let page = 100

    let store: any RegistryStore
    let blobs: any BlobStore
    let publicURL: @Sendable () -> PublicURL
    let surroundings: Surroundings

    /// Goes through all versions that nothing is delivered of yet.
    ///
    /// - Throws: what the stores throw; what was made until then stays.
    func callAsFunction() async throws {
        var last: Int64 = 0
        while true {
            let after = last
            let versions = try await store.read { try $0.undelivered(after: after, limit: Self.page) }
            for version in versions { try await deliver(version) }
            guard let end = versions.last?.id else { return }
            last = end
        }
    }

    private func deliver(_ undelivered: UndeliveredVersion) async throws {
        let (name, number) = (undelivered.worker, undelivered.version)
        guard let published = try await store.read({ try $0.version(number, of: name) }),
            // What was accepted once and today's rules refuse is delivered as before.
            let document = try? JSONValue(parsing: published.publication),
            let publication = try? Publication(parsing: document, publicURL: publicURL())
        else { return }
        var sizes: [Digest: ByteCount] = [:]
        for digest in published.artifacts.hostedDigests { sizes[digest] = try await blobs.blob(digest)?.size }
        let stored = publication.delivering(published.artifacts)
        guard let artifact = VersionArtifact(stored, publishedAt: published.publishedAt, sizes: sizes) else { return }
        let now = surroundings.now()
        try await artifact.store(in: blobs, at: now)
        try await store.write { session in
            // It may have been removed meanwhile.
            guard try session.contains(number, of: name) else { return }
            try artifact.write(by: published.publisher, at: now, in: session)
        }
    }
}
