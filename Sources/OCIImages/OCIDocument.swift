// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import WorkerModel

/// A pointer from one document of an image to another, or to a layer.
struct OCIDescriptor: Hashable, Sendable {
    let mediaType: String
    let digest: Digest
    let size: ByteCount
    /// Nil where the document does not say, and for what is no image, such as an attestation.
    let platform: ImagePlatform?
}

/// What a tag or a digest names: one image, or several for different platforms.
enum OCIDocument: Hashable, Sendable {
    case index([OCIDescriptor])
    case image(configuration: OCIDescriptor, layers: [OCIDescriptor])

    static let layerLimit = 128
    static let indexLimit = 1024

    /// Reads a document.
    ///
    /// - Parameters:
    ///   - bytes: at most 4 MiB of JSON, from anybody.
    ///   - declared: the type in the header that came along; it counts where the document names none.
    /// - Throws: `OCIDocumentError` for what is no such document, or could be taken for two kinds of them.
    init(parsing bytes: [UInt8], declared: OCIMediaType?) throws(OCIDocumentError) {
        do {
            let document = JSONCursor(try JSONValue(parsing: bytes))
            guard try document.required("schemaVersion").integer() == 2 else {
                throw document.fail("`schemaVersion` must be 2")
            }
            let named = try document.optional("mediaType")?.string()
            let type = named.map(OCIMediaType.init(rawValue:)) ?? declared
            guard let type else { throw document.fail("is of no type that is known") }
            if let declared, declared != type { throw document.fail("is of another type than its header says") }
            let (hasManifests, hasLayers) = (
                try document.optional("manifests") != nil, try document.optional("layers") != nil
            )
            // One reader would see an index where another sees an image.
            if hasManifests == hasLayers || hasManifests != type.isIndex {
                throw document.fail("must hold either `manifests` or `layers`, as its type says")
            }
            self = try type.isIndex ? Self.readIndex(document) : Self.readImage(document)
        } catch { throw OCIDocumentError(reason: "\(error)") }
    }

    private static func readIndex(_ document: JSONCursor) throws -> OCIDocument {
        let manifests = try document.required("manifests").elements()
        guard manifests.count <= indexLimit else { throw document.fail("lists more than \(indexLimit) images") }
        return .index(try manifests.map(descriptor))
    }

    private static func readImage(_ document: JSONCursor) throws -> OCIDocument {
        let layers = try document.required("layers").elements()
        guard layers.count <= layerLimit else { throw document.fail("has more than \(layerLimit) layers") }
        return .image(configuration: try descriptor(document.required("config")), layers: try layers.map(descriptor))
    }

    private static func descriptor(_ item: JSONCursor) throws -> OCIDescriptor {
        let digest = try item.required("digest")
        let text = try digest.string()
        guard text.hasPrefix("sha256:"), let value = try? Digest(parsing: text), text.lowercased() == text else {
            throw digest.fail("must be `sha256:` and 64 lower-case hexadecimal digits")
        }
        let size = try item.required("size")
        guard try size.integer() >= 0 else { throw size.fail("must not be negative") }
        return OCIDescriptor(
            mediaType: try item.required("mediaType").string(),
            digest: value,
            size: ByteCount(try size.integer()),
            platform: try platform(item.optional("platform"))
        )
    }

    private static func platform(_ item: JSONCursor?) throws -> ImagePlatform? {
        guard let item else { return nil }
        let system = try item.required("os").string()
        let architecture = try item.required("architecture").string()
        if system == "unknown" || architecture == "unknown" { return nil }
        let variant = try item.optional("variant")?.string()
        return ImagePlatform(system: system, architecture: architecture, variant: variant == "" ? nil : variant)
    }
}

/// Why bytes are no document of an image.
struct OCIDocumentError: Error, Hashable, CustomStringConvertible {
    let reason: String

    var description: String { reason }
}
