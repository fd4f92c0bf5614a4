// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
package import WorkerModel

/// A document as a registry accepts it: an image, several of them, or any artifact.
///
/// Wider than `OCIDocument`, which is what can be run: digests of both algorithms, layers of any type, a `subject`.
package struct OCIContent: Hashable, Sendable {
    /// The most things that a document names.
    package static let referenceLimit = 4096

    /// An image, or several.
    package let mediaType: OCIMediaType
    /// What kind of artifact it is: what it says, or the type of its configuration; nil where neither is there.
    package let artifactType: String?
    /// The document that this one is about, which need not be there.
    package let subject: ContentDigest?
    /// The documents that an index lists.
    package let documents: [OCIReference]
    /// The configuration and the layers of a manifest.
    package let blobs: [OCIReference]
    /// As they were written, as one JSON object; nil where there are none.
    package let annotations: String?

    /// Reads a document.
    ///
    /// - Parameters:
    ///   - bytes: at most 4 MiB of JSON, from anybody.
    ///   - declared: the type in the header that came along; nil where none came.
    /// - Throws: `OCIDocumentError` for what is no such document, contradicts its type, or could be taken for two kinds.
    package init(parsing bytes: [UInt8], declared: OCIMediaType?) throws(OCIDocumentError) {
        do {
            let document = JSONCursor(try JSONValue(parsing: bytes))
            mediaType = try OCIMediaType(of: document, declared: declared)
            let configuration = try document.optional("config").map(Self.reference)
            let list = try document.required(mediaType.isIndex ? "manifests" : "layers").elements()
            guard list.count <= Self.referenceLimit else {
                throw document.fail("names more than \(Self.referenceLimit) others")
            }
            let references = try list.map(Self.reference)
            documents = mediaType.isIndex ? references : []
            blobs = mediaType.isIndex ? [] : [configuration].compactMap(\.self) + references
            if !mediaType.isIndex, configuration == nil { throw document.fail("has no `config`") }
            let said = try document.optional("artifactType")?.string()
            artifactType = said.flatMap { $0.isEmpty ? nil : $0 } ?? configuration?.mediaType
            subject = try document.optional("subject").map { try Self.reference($0).digest }
            annotations = try document.optional("annotations").map { item in
                for (_, value) in try item.members() { _ = try value.string() }
                return item.value.text()
            }
        } catch { throw OCIDocumentError(reason: error.words) }
    }

    private static func reference(_ item: JSONCursor) throws -> OCIReference {
        let digest = try item.required("digest")
        guard let value = try? ContentDigest(parsing: digest.string()) else {
            throw digest.fail("must be `sha256:` and 64, or `sha512:` and 128 lower-case hexadecimal digits")
        }
        let size = try item.required("size")
        guard try size.integer() >= 0 else { throw size.fail("must not be negative") }
        let type = try item.required("mediaType").string()
        return OCIReference(
            mediaType: type,
            digest: value,
            size: ByteCount(try size.integer()),
            isElsewhere: OCIMediaType.foreignLayers.contains(type),
            platform: try OCIDocument.platform(item.optional("platform"))
        )
    }
}
