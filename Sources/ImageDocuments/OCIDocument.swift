// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
package import WorkerModel

/// A pointer from one document of an image to another, or to a layer.
package struct OCIDescriptor: Hashable, Sendable {
    package let mediaType: String
    package let digest: Digest
    package let size: ByteCount
    /// Nil where the document does not say, and for what is no image, such as an attestation.
    package let platform: ImagePlatform?
    /// Says something about an image of its index, such as how it was built, and is none: its platform is `unknown/unknown`.
    package var isAttestation = false
}

/// What a tag or a digest names: one image, or several for different platforms.
package enum OCIDocument: Hashable, Sendable {
    case index([OCIDescriptor])
    case image(configuration: OCIDescriptor, layers: [OCIDescriptor])

    /// The most bytes of a document.
    package static let sizeLimit = ByteCount.mebibytes(4)
    static let layerLimit = 128
    static let indexLimit = 1024

    /// Reads a document.
    ///
    /// - Parameters:
    ///   - bytes: at most 4 MiB of JSON, from anybody.
    ///   - declared: the type in the header that came along; it counts where the document names none.
    /// - Throws: `OCIDocumentError` for what is no such document, or could be taken for two kinds of them.
    package init(parsing bytes: [UInt8], declared: OCIMediaType?) throws(OCIDocumentError) {
        do {
            let document = JSONCursor(try JSONValue(parsing: bytes))
            let type = try OCIMediaType(of: document, declared: declared)
            self = try type.isIndex ? Self.readIndex(document) : Self.readImage(document)
        } catch { throw OCIDocumentError(reason: error.words) }
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
        let named = try item.optional("platform")
        let platform = try platform(named)
        return OCIDescriptor(
            mediaType: try item.required("mediaType").string(),
            digest: value,
            size: ByteCount(try size.integer()),
            platform: platform,
            isAttestation: named != nil && platform == nil
        )
    }

    static func platform(_ item: JSONCursor?) throws -> ImagePlatform? {
        guard let item else { return nil }
        let system = try item.required("os").string()
        let architecture = try item.required("architecture").string()
        if system == "unknown" || architecture == "unknown" { return nil }
        let variant = try item.optional("variant")?.string()
        return ImagePlatform(system: system, architecture: architecture, variant: variant == "" ? nil : variant)
    }
}

/// Why bytes are no document of an image.
package struct OCIDocumentError: PlainlyWorded, Hashable {
    package let reason: String

    package var plainWords: String { reason }
}

extension OCIDocument {
    /// What of an index may run on a host, the best first; attestations and other systems left out.
    ///
    /// Those that name no platform come last: what they are for, their own documents tell.
    package static func choices(of index: [OCIDescriptor], for host: ImagePlatform) -> [OCIDescriptor] {
        let ranked = index.enumerated().compactMap { place, item -> (rank: Int, place: Int, item: OCIDescriptor)? in
            guard let rank = item.platform?.rank(on: host) else { return nil }
            return (rank, place, item)
        }
        let unnamed = index.filter {
            $0.platform == nil && !$0.isAttestation && OCIMediaType(rawValue: $0.mediaType) != nil
        }
        return ranked.sorted { ($1.rank, $0.place) < ($0.rank, $1.place) }.map(\.item) + unnamed
    }
}
