// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import SystemPackage
package import WorkerModel

/// Where the image of a worker that is published comes from, as its author writes it.
package enum ImageOrigin: Hashable, Sendable, CustomStringConvertible {
    /// A registry: `HOST/PATH:TAG`, also with `docker://` before it.
    case registry(ImageReference)
    /// A folder of the OCI image layout: `oci:FOLDER` or `oci:FOLDER:TAG`.
    case layout(FilePath, tag: String?, written: String)
    /// What skopeo reads, in its words: `docker-archive:FILE`, `containers-storage:NAME`.
    case other(String)

    /// The places that skopeo reads for us.
    private static let others = ["oci-archive", "docker-archive", "containers-storage", "docker-daemon", "dir"]

    /// Reads an origin; paths are completed by `absolute`.
    ///
    /// - Throws: `ImageReferenceError` for what is neither a place nor a reference.
    package init(parsing text: String, absolute: (String) -> FilePath) throws(ImageReferenceError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, parts[0] == "oci", !parts[1].isEmpty {
            let (path, tag) = Self.pathAndTag(parts[1])
            self = .layout(absolute(path), tag: tag, written: text)
        } else if parts.count == 2, Self.others.contains(String(parts[0])), !parts[1].isEmpty {
            self = .other(Self.completed(kind: parts[0], rest: parts[1], absolute))
        } else {
            let bare = text.hasPrefix("docker://") ? String(text.dropFirst("docker://".count)) : text
            self = .registry(try ImageReference(parsing: bare))
        }
    }

    /// As it was written, but for paths, which are complete.
    package var description: String {
        switch self {
        case .registry(let reference): reference.description
        case .layout(_, _, let written), .other(let written): written
        }
    }

    /// What stands before the last colon and behind it, where that is no part of a path.
    private static func pathAndTag(_ text: Substring) -> (path: String, tag: String?) {
        guard let colon = text.lastIndex(of: ":"), !text[colon...].contains("/") else { return (String(text), nil) }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }

    private static func completed(kind: Substring, rest: Substring, _ absolute: (String) -> FilePath) -> String {
        guard ["oci-archive", "docker-archive", "dir"].contains(kind) else { return "\(kind):\(rest)" }
        let end = rest.firstIndex(of: ":") ?? rest.endIndex
        return "\(kind):\(absolute(String(rest[..<end])))\(rest[end...])"
    }
}
