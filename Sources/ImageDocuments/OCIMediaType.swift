// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText

/// The kinds of documents that an image registry answers with, in the two dialects that exist.
package enum OCIMediaType: String, CaseIterable {
    case index = "application/vnd.oci.image.index.v1+json"
    case manifest = "application/vnd.oci.image.manifest.v1+json"
    case dockerList = "application/vnd.docker.distribution.manifest.list.v2+json"
    case dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"

    /// All of them: a server that is not told that we read indexes says that there is no such image.
    package static var accepted: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// Reads a header's value, whose parameters do not count.
    package init?(header: String) {
        let type = header.prefix { $0 != ";" }.trimmingPrefix { $0 == " " }
        self.init(rawValue: String(type).lowercased().filter { $0 != " " })
    }

    package var isIndex: Bool { self == .index || self == .dockerList }

    /// Layers that a registry need not hold: their publishers may not give them away.
    static let foreignLayers: Set<String> = [
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    ]

    /// The kind of a document, which its shape has to keep: one reader would see an index where another sees an image.
    ///
    /// `declared` is the type in the header that came along; it counts where the document names none.
    init(of document: JSONCursor, declared: OCIMediaType?) throws(JSONShapeError) {
        guard try document.required("schemaVersion").integer() == 2 else {
            throw document.fail("`schemaVersion` must be 2")
        }
        let (hasManifests, hasLayers) = (
            try document.optional("manifests") != nil, try document.optional("layers") != nil
        )
        let named = try document.optional("mediaType").map { item throws(JSONShapeError) in
            guard let type = OCIMediaType(rawValue: try item.string()) else { throw item.fail("is not known") }
            return type
        }
        // What nobody calls by name, as umoci does not, is what it looks like.
        let type = named ?? declared ?? (hasManifests ? .index : .manifest)
        if let declared, declared != type { throw document.fail("is of another type than its header says") }
        if hasManifests == hasLayers || hasManifests != type.isIndex {
            throw document.fail("must hold either `manifests` or `layers`, as its type says")
        }
        self = type
    }
}
