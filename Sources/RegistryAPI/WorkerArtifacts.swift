// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
package import WorkerModel

/// Bytes that can be fetched, with the digest that they must have.
package struct RemoteArtifact: Hashable, Sendable {
    /// As the registry gave it: not checked.
    ///
    /// It may hold a signature in its query: print it without one.
    package let url: String
    package let digest: Digest

    package init(url: String, digest: Digest) {
        self.url = url
        self.digest = digest
    }

    init(url: JSONCursor, digest: JSONCursor) throws(JSONShapeError) {
        self.url = try url.string()
        self.digest = try digest.parsed { try Digest(parsing: $0) }
    }
}

/// What a published version delivers, by its kind.
package enum WorkerArtifacts: Hashable, Sendable {
    /// Part of the engine: nothing to fetch.
    case engine
    /// One archive for each target.
    case binaries([TargetTriple: RemoteArtifact])
    /// One tar.gz for every target.
    case bundle(RemoteArtifact)
    /// An image reference, verbatim.
    case image(String)

    package var kind: WorkerKind {
        switch self {
        case .engine: .engine
        case .binaries: .binary
        case .bundle: .bundle
        case .image: .image
        }
    }

    /// Reads the members that belong to `type`; those of other types are not looked at.
    init(in json: JSONCursor, imageKey: String) throws(JSONShapeError) {
        switch try json.required("type").workerKind() {
        case .engine: self = .engine
        case .binary: self = .binaries(try json.required("binaries").binaries())
        case .image: self = .image(try json.required(imageKey).string())
        case .bundle:
            self = .bundle(try RemoteArtifact(url: json.required("archive_url"), digest: json.required("sha256")))
        }
    }

    /// Adds the members that belong to the kind, targets in their order.
    func write(to object: inout JSONObject, imageKey: String) {
        switch self {
        case .engine: break
        case .image(let reference): object[imageKey] = .string(reference)
        case .bundle(let archive):
            object["archive_url"] = .string(archive.url)
            object["sha256"] = .string(archive.digest.description)
        case .binaries(let builds):
            let members = builds.sorted { $0.key < $1.key }.map { target, build -> (String, JSONValue) in
                (target.description, ["sha256": .string(build.digest.description), "url": .string(build.url)])
            }
            object["binaries"] = .object(JSONObject(members))
        }
    }
}

extension JSONCursor {
    func workerKind() throws(JSONShapeError) -> WorkerKind {
        let text = try string()
        guard let kind = WorkerKind(rawValue: text) else {
            let known = WorkerKind.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            throw fail("is `\(PrintableText(text, limit: 80))`, not one of \(known)")
        }
        return kind
    }

    func name() throws(JSONShapeError) -> WorkerName { try parsed { try WorkerName(parsing: $0) } }

    func version() throws(JSONShapeError) -> SemanticVersion { try parsed { try SemanticVersion(parsing: $0) } }

    func selector() throws(JSONShapeError) -> VersionSelector { try parsed { try VersionSelector(parsing: $0) } }

    fileprivate func binaries() throws(JSONShapeError) -> [TargetTriple: RemoteArtifact] {
        var builds: [TargetTriple: RemoteArtifact] = [:]
        for (key, build) in try members() {
            let target = try JSONCursor(.string(key), path: build.path).parsed { try TargetTriple(parsing: $0) }
            builds[target] = try RemoteArtifact(url: build.required("url"), digest: build.required("sha256"))
        }
        return builds
    }
}
