// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

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
}
