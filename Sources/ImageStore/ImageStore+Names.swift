// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
package import WorkerModel

/// Names of images that nobody's lock file pins: base images of bundles.
extension ImageStore {
    /// The digest that a reference named when it was last pulled under this name; nil where it never was.
    package func digest(named reference: ImageReference) throws -> Digest? {
        try digest(in: file(of: reference))
    }

    func digest(in file: FilePath) throws -> Digest? {
        guard let bytes = try HostFiles.read(file, upTo: .kibibytes(4)) else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? ""
        return try? Digest(parsing: line)
    }

    /// Remembers what a reference names.
    ///
    /// Effects on disk: `names/SHA256-OF-THE-REFERENCE` holds the digest, and below it the reference for people.
    package func name(_ digest: Digest, as reference: ImageReference) throws {
        let path = file(of: reference)
        try HostFiles.makeDirectory(path.removingLastComponent(), mode: 0o700)
        try HostFiles.write(Array("sha256:\(digest)\n\(Self.whole(reference))\n".utf8), to: path, mode: 0o600)
    }

    private func file(of reference: ImageReference) -> FilePath {
        names.appending(Digest.sha256(Array(Self.whole(reference).utf8)).description)
    }

    private static func whole(_ reference: ImageReference) -> String {
        "\(reference.canonicalHost)/\(reference.canonicalPath):\(reference.tag ?? "latest")"
    }
}
