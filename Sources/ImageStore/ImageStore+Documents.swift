// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
package import ImageDocuments
import SystemPackage
package import WorkerModel

/// The manifest of one image, with what it points to.
package struct StoredManifest: Sendable {
    package let digest: Digest
    package let configuration: OCIDescriptor
    package let layers: [OCIDescriptor]
}

extension ImageStore {
    /// The most indexes on the way to a manifest.
    package static let nestingLimit = 2

    /// The manifest that a digest names on a platform; nil where it, or an index on the way, is not here.
    ///
    /// - Throws: `ImageStoreError`; `HostError`.
    package func manifest(_ digest: Digest, for platform: ImagePlatform) throws -> StoredManifest? {
        try manifest(digest, for: platform, nesting: Self.nestingLimit)
    }

    private func manifest(_ digest: Digest, for platform: ImagePlatform, nesting: Int) throws -> StoredManifest? {
        guard let bytes = try document(digest) else { return nil }
        switch try Self.read(bytes, digest) {
        case .image(let configuration, let layers):
            return StoredManifest(digest: digest, configuration: configuration, layers: layers)
        case .index(let items):
            for choice in OCIDocument.choices(of: items, for: platform) where nesting > 0 {
                do {
                    let found = try manifest(choice.digest, for: platform, nesting: nesting - 1)
                    guard choice.platform == nil, let found else { return found }
                    if try isFor(platform, found) { return found }
                } catch ImageStoreError.unsupportedPlatform where choice.platform == nil {}
            }
            let available = items.compactMap(\.platform)
            throw ImageStoreError.unsupportedPlatform(digest, host: platform, available: available)
        }
    }

    /// Whether the configuration of an image, for which its index names no platform, is for this one.
    private func isFor(_ platform: ImagePlatform, _ manifest: StoredManifest) throws -> Bool {
        guard let bytes = try document(manifest.configuration.digest) else { return false }
        // What cannot be read is no image for anybody, such as an attestation.
        let own = (try? ImageConfiguration(parsing: bytes))?.platform
        return own?.rank(on: platform) != nil
    }

    private static func read(_ bytes: [UInt8], _ digest: Digest) throws(ImageStoreError) -> OCIDocument {
        do { return try OCIDocument(parsing: bytes, declared: nil) } catch {
            throw .unreadable(digest, reason: error.reason)
        }
    }

    /// The bytes of an index, a manifest or a configuration; nil where they are not here, or not whole.
    package func document(_ digest: Digest) throws -> [UInt8]? {
        guard let bytes = try HostFiles.read(blob(digest), upTo: OCIDocument.sizeLimit) else { return nil }
        // It was not forced to disk when it was placed.
        return Digest.sha256(bytes) == digest ? bytes : nil
    }

    func recordPath(_ manifest: Digest) -> FilePath { tree(manifest).appending("image.json") }

    func record(of manifest: Digest) throws -> ImageRecord? {
        try ImageRecord(reading: recordPath(manifest))
    }
}
