// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Archives
import Diagnostics
package import ImageDocuments
package import ImageStore
import NIOCore
package import OCIImages
import Transport
package import WorkerModel

/// Images of registries, kept in the store of this machine.
package struct LiveImages: ImagePuller {
    /// How many layers of one image are fetched at once.
    private static let width = 4

    /// The way to registries of images.
    package let registry: ImageRegistry
    let store: ImageStore
    /// What runs here; nil for a host that runs no images.
    let platform: ImagePlatform?
    private let limits: LayerLimits

    package init(registry: ImageRegistry, store: ImageStore, platform: ImagePlatform?, limits: LayerLimits) {
        self.registry = registry
        self.store = store
        self.platform = platform
        self.limits = limits
    }

    /// See `ImagePuller`.
    ///
    /// - Throws: `OCIImageError`, also for an index without an image for this platform; `TransportError`.
    package func pin(_ reference: ImageReference) async throws -> LockedImage {
        let document = try await registry.document(reference)
        if let platform, case .index(let items) = document.content {
            _ = try choices(of: items, of: reference, for: platform)
        }
        return LockedImage(reference: reference, digest: document.digest)
    }

    package func isPresent(_ image: LockedImage) async throws -> Bool {
        guard let platform else { return false }
        return try await store.find(image.digest, for: platform) != nil
    }

    package func pull(
        _ image: LockedImage,
        for worker: WorkerName,
        replacing: Bool,
        _ events: any EventSink
    ) async throws {
        guard let platform else { throw NoImagesHere(reference: image.reference) }
        let reference = try ImageReference(parsing: image.locked)
        let manifest = try await documents(of: image.digest, reference, platform)
        let unpackable = try store.unpackable(manifest, for: platform)
        let total = manifest.layers.reduce(Int64(0)) { $0 &+ min($1.size.bytes, limits.unpacked.bytes) }
        guard manifest.layers.allSatisfy({ $0.size <= limits.unpacked }), total <= limits.unpacked.bytes else {
            throw ArchiveError.tooLarge(limit: limits.unpacked)
        }
        let arrivals = LayerArrivals()
        let notes = try await withThrowingTaskGroup(of: [String].self) { group in
            group.addTask {
                try await store.install(unpackable, limits: limits, for: worker.description, replacing: replacing) {
                    index in
                    try await arrivals.wait(for: manifest.layers[index].digest)
                }.notes
            }
            group.addTask {
                do { try await fetch(manifest.layers, of: reference, for: worker, arrivals, events) } catch {
                    arrivals.fail(error)
                    throw error
                }
                return []
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        for note in notes { events.receive(.warning("\(worker): \(note)", nil)) }
        events.receive(.installedImage(worker, reference))
    }
}

extension LiveImages {
    /// The manifest for this platform, it and all on the way to it in the store.
    private func documents(
        of digest: Digest,
        _ reference: ImageReference,
        _ platform: ImagePlatform
    ) async throws -> StoredManifest {
        try await fetchDocuments(of: digest, reference, platform, nesting: ImageStore.nestingLimit)
        let found: StoredManifest?
        do { found = try store.manifest(digest, for: platform) } catch ImageStoreError.unsupportedPlatform(
            _,
            let host,
            let available
        ) {
            throw OCIImageError.unsupportedPlatform(reference, host: host, available: available)
        }
        guard let manifest = found else { throw ImageStoreError.missing(digest) }
        let bytes = try await configuration(manifest.configuration, of: reference)
        try store.keep(bytes, digest: manifest.configuration.digest)
        return manifest
    }

    private func fetchDocuments(
        of digest: Digest,
        _ reference: ImageReference,
        _ platform: ImagePlatform,
        nesting: Int,
        isNamed: Bool = true
    ) async throws {
        let content: OCIDocument
        if let bytes = try store.document(digest) {
            do { content = try OCIDocument(parsing: bytes, declared: nil) } catch {
                throw OCIImageError.unreadable(reference, reason: error.reason)
            }
        } else {
            let document = try await registry.document(try reference.naming(digest))
            try store.keep(document.bytes, digest: digest)
            content = document.content
        }
        guard case .index(let items) = content else {
            // Nobody has said what it is for: its configuration does.
            if case .image(let described, _) = content, !isNamed {
                try store.keep(try await configuration(described, of: reference), digest: described.digest)
            }
            return
        }
        guard nesting > 0 else { throw OCIImageError.unreadable(reference, reason: "its indexes are nested too deep") }
        for choice in try choices(of: items, of: reference, for: platform) {
            try await fetchDocuments(
                of: choice.digest,
                reference,
                platform,
                nesting: nesting - 1,
                isNamed: choice.platform != nil
            )
            // The best one is enough, unless it is an index that may hold nothing for us.
            if choice.platform != nil { return }
        }
    }

    private func choices(
        of items: [OCIDescriptor],
        of reference: ImageReference,
        for platform: ImagePlatform
    ) throws(OCIImageError) -> [OCIDescriptor] {
        let choices = OCIDocument.choices(of: items, for: platform)
        if choices.isEmpty {
            let available = items.compactMap(\.platform).unique
            throw .unsupportedPlatform(reference, host: platform, available: available)
        }
        return choices
    }

    /// Brings all layers into the store, the lowest first, a few at a time.
    private func fetch(
        _ layers: [OCIDescriptor],
        of reference: ImageReference,
        for worker: WorkerName,
        _ arrivals: LayerArrivals,
        _ events: any EventSink
    ) async throws {
        var seen: Set<Digest> = []
        let wanted = layers.filter { seen.insert($0.digest).inserted }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, layer) in wanted.enumerated() {
                if index >= Self.width { try await group.next() }
                group.addTask {
                    try await fetch(layer, of: reference, for: worker, events)
                    arrivals.arrive(layer.digest)
                }
            }
            try await group.waitForAll()
        }
    }

    private func fetch(
        _ layer: OCIDescriptor,
        of reference: ImageReference,
        for worker: WorkerName,
        _ events: any EventSink
    ) async throws {
        guard let partial = try await store.receive(layer) else { return }
        let hadSome = partial.offset > 0
        events.receive(.fetchingLayer(worker, layer.digest, size: layer.size, present: ByteCount(partial.offset)))
        do {
            try await complete(partial, of: reference, for: worker, events)
        } catch ImageStoreError.digestMismatch where hadSome {
            // What an earlier try had left was not what it had fetched: once more from the start.
            try await complete(partial, of: reference, for: worker, events)
        }
        events.receive(.fetchedLayer(worker, layer.digest))
    }

    private func complete(
        _ partial: PartialBlob,
        of reference: ImageReference,
        for worker: WorkerName,
        _ events: any EventSink
    ) async throws {
        let layer = partial.blob
        try await registry.fetch(layer, of: reference, from: partial.offset) { bytes in
            try partial.append(bytes)
            events.receive(.receivedLayer(worker, layer.digest, ByteCount(bytes.readableBytes)))
        }
        try partial.finish()
    }
}

extension ImageReference {
    /// Whether the registry is named as one of this very machine: `localhost`, or a loopback address.
    var isOfThisMachine: Bool {
        (try? RemoteURL(parsing: "https://\(canonicalHost)"))?.host.isThisMachine ?? false
    }

    /// The same repository by digest.
    func naming(_ digest: Digest) throws -> ImageReference {
        try ImageReference(parsing: LockedImage(reference: self, digest: digest).locked)
    }
}

/// A host that runs no images.
///
/// W117.
struct NoImagesHere: CodedError {
    let reference: ImageReference

    var code: ErrorCode { .platformNotSupported }
    var message: String { "`\(reference)` is an image, and no image runs on this kind of machine" }
    var details: [(key: String, value: String)] { [("reference", reference.description)] }
}
