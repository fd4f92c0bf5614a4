// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ImageDocuments
import RegistryStorage
package import WorkerModel

/// What a version delivers by its repository, for one platform.
package struct DeliveredPlatform: Sendable, Hashable {
    /// As an index says it, or the configuration of a single image; nil where neither does.
    package let platform: String?
    /// The document that names its parts.
    package let digest: ContentDigest
    /// How many layers there are; an artifact has one.
    package let layers: Int
    /// Of all layers, as they are fetched.
    package let size: ByteCount
}

extension ReadImages {
    /// The most platforms that are told of.
    private static let mostPlatforms = 64

    /// What a version delivers, by platform; empty where its repository delivers nothing.
    ///
    /// - Throws: what `manifest` throws for documents that are there and cannot be read.
    package func platforms(of version: SemanticVersion, of worker: WorkerName) async throws -> [DeliveredPlatform] {
        guard let repository = RepositoryName(of: worker),
            let digest = try await store.read({ try $0.delivered(by: version, of: worker) })
        else { return [] }
        let root = try await content(of: digest, in: repository)
        if !root.mediaType.isIndex {
            let configuration = try await self.configuration(of: root, in: repository)
            return [Self.platform(configuration?.platform, digest: digest, content: root)]
        }
        var platforms: [DeliveredPlatform] = []
        for document in root.documents.prefix(Self.mostPlatforms) {
            let content = try await content(of: document.digest, in: repository)
            // What is for no platform tells something of the others.
            if document.platform == nil, content.artifactType == nil || content.mediaType.isIndex { continue }
            platforms.append(Self.platform(document.platform, digest: document.digest, content: content))
        }
        return platforms
    }

    private static func platform(
        _ platform: ImagePlatform?,
        digest: ContentDigest,
        content: OCIContent
    ) -> DeliveredPlatform {
        let layers = content.blobs.dropFirst()
        return DeliveredPlatform(
            platform: platform?.shortDescription,
            digest: digest,
            layers: layers.count,
            size: layers.reduce(.zero) { $0 + $1.size }
        )
    }

    private func content(of digest: ContentDigest, in repository: RepositoryName) async throws -> OCIContent {
        let manifest = try await manifest(.digest(digest), in: repository)
        do {
            return try OCIContent(parsing: manifest.bytes, declared: nil)
        } catch { throw RegistryServiceError.image(.manifestInvalid("cannot be read: \(error.reason)")) }
    }

    /// What a single image says of itself; nil for an artifact.
    private func configuration(
        of content: OCIContent,
        in repository: RepositoryName
    ) async throws -> ImageConfiguration? {
        guard let reference = content.blobs.first, reference.size <= OCIDocument.sizeLimit else { return nil }
        let blob = try await blob(reference.digest, in: repository)
        let bytes = try await blobs.bytes(of: blob.digest, in: 0..<blob.size.bytes)
        return try? ImageConfiguration(parsing: bytes)
    }
}
