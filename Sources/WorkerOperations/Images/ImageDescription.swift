// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ImageDocuments
import ImageStore
import OCIImages
package import WorkerModel

/// What is known of an image without its layers.
package struct ImageDescription: Sendable {
    /// What becomes of it on this platform.
    package struct Content: Sendable {
        package let manifest: Digest
        package let configuration: ImageConfiguration
        package let layers: Int
        /// The sizes of all layers as they are fetched.
        package let size: ByteCount
    }

    package let image: LockedImage
    /// What an index lists; of a single image what its configuration says.
    package let platforms: [ImagePlatform]
    /// How many entries of an index are no images, but say something about one.
    package let attestations: Int
    /// Nil where there is nothing for this platform.
    package let content: Content?
    package let isInstalled: Bool
}

extension LiveImages {
    package func describe(_ reference: ImageReference) async throws -> ImageDescription {
        let (digest, document) = try await read(reference)
        let image = LockedImage(reference: reference, digest: digest)
        var platforms: [ImagePlatform] = []
        var attestations = 0
        if case .index(let items) = document {
            platforms = items.compactMap(\.platform).unique
            attestations = items.count { $0.isAttestation }
        }
        let content = try await content(of: document, digest, reference, nesting: ImageStore.nestingLimit)
        if platforms.isEmpty { platforms = [content?.configuration.platform].compactMap(\.self) }
        let isInstalled = content == nil ? false : try await isPresent(image)
        return ImageDescription(
            image: image,
            platforms: platforms,
            attestations: attestations,
            content: content,
            isInstalled: isInstalled
        )
    }

    private func content(
        of document: OCIDocument,
        _ digest: Digest,
        _ reference: ImageReference,
        nesting: Int
    ) async throws -> ImageDescription.Content? {
        switch document {
        case .image(let configuration, let layers):
            let parsed: ImageConfiguration
            do {
                parsed = try ImageConfiguration(parsing: try await self.configuration(configuration, of: reference))
            } catch let error as OCIDocumentError {
                throw OCIImageError.unreadable(reference, reason: error.reason)
            }
            let size = layers.reduce(ByteCount.zero) { $0 + $1.size }
            return .init(manifest: digest, configuration: parsed, layers: layers.count, size: size)
        case .index(let items):
            guard let platform, nesting > 0, let choice = OCIDocument.choices(of: items, for: platform).first else {
                return nil
            }
            let inner = try await read(try reference.naming(choice.digest))
            return try await content(of: inner.content, inner.digest, reference, nesting: nesting - 1)
        }
    }

    /// From the store where a digest is named and its document is here, else from the registry.
    private func read(_ reference: ImageReference) async throws -> (digest: Digest, content: OCIDocument) {
        if let digest = LockedImage(locked: reference.description)?.digest, let bytes = try store.document(digest),
            let content = try? OCIDocument(parsing: bytes, declared: nil)
        {
            return (digest, content)
        }
        let document = try await registry.document(reference)
        return (document.digest, document.content)
    }

    func configuration(_ blob: OCIDescriptor, of reference: ImageReference) async throws -> [UInt8] {
        if let bytes = try store.document(blob.digest) { return bytes }
        guard blob.size <= OCIDocument.sizeLimit else {
            throw OCIImageError.unreadable(reference, reason: "its configuration is too large")
        }
        return try await registry.blob(blob, of: reference)
    }
}
