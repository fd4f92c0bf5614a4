// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// What `GET /w/{name}` answers: one version of a worker with its documentation and interface.
///
///     {"worker":{"name":"image-resize","version":"0.1.6","type":"binary","description":"Resize","license":"Apache-2.0",
///      "repo":"…","config":{…},"readme":"…","tags":["image"],"experimental":false,"dependencies":[…],
///      "supported_targets":["aarch64-apple-darwin"],"total_downloads":42,"author":{…},"published_at":"…",
///      "functions":[…],"triggers":[…]}}
package struct WorkerDetail: WireValue {
    /// The account that owns a worker.
    package struct Author: WireValue {
        package var name: String
        package var picture: String?
        package var isVerified: Bool

        package init(name: String, picture: String? = nil, isVerified: Bool) {
            self.name = name
            self.picture = picture
            self.isVerified = isVerified
        }
    }

    package var name: WorkerName
    package var version: SemanticVersion
    package var kind: WorkerKind
    package var description = ""
    package var license = ""
    package var repository = ""
    package var readme = ""
    /// Free keywords, as they were published.
    package var tags: [String] = []
    package var isExperimental = false
    package var config: JSONValue = .emptyObject
    package var dependencies: [WorkerDependency] = []
    /// Patterns of functions that it calls besides those of its dependencies.
    package var calls: [String] = []
    /// Objects, verbatim.
    package var functions: [JSONValue] = []
    /// Objects, verbatim.
    package var triggers: [JSONValue] = []
    /// The targets of a binary; nil for other kinds.
    package var supportedTargets: [TargetTriple]?
    /// The reference of an image; nil for other kinds.
    package var image: String?
    /// What the image runs on, as `linux/arm64`; empty for other kinds, and where the publisher did not say.
    package var platforms: [String] = []
    package var totalDownloads = 0
    package var author: Author?
    /// RFC 3339, UTC.
    package var publishedAt: String?
    package var yanked: YankNotice?
    package var deprecated: DeprecationNotice?

    package init(name: WorkerName, version: SemanticVersion, kind: WorkerKind) {
        self.name = name
        self.version = version
        self.kind = kind
    }
}

extension WorkerDetail {
    package init(json: JSONCursor) throws(JSONShapeError) {
        let worker = try json.required("worker")
        name = try worker.required("name").name()
        version = try worker.required("version").version()
        kind = try worker.required("type").workerKind()
        description = try worker.string("description", or: "")
        license = try worker.string("license", or: "")
        repository = try worker.string("repo", or: "")
        readme = try worker.string("readme", or: "")
        tags = try worker.optional("tags")?.strings() ?? []
        isExperimental = try worker.optional("experimental")?.bool() ?? false
        config = try worker.optional("config")?.value ?? .emptyObject
        dependencies = try worker.optional("dependencies")?.dependencyList() ?? []
        calls = try worker.optional("calls")?.strings() ?? []
        functions = try worker.optional("functions")?.elements().map(\.value) ?? []
        triggers = try worker.optional("triggers")?.elements().map(\.value) ?? []
        supportedTargets = try worker.optional("supported_targets")?.targets()
        image = try worker.optional("image")?.string()
        platforms = try worker.optional("platforms")?.strings() ?? []
        totalDownloads = try worker.optional("total_downloads")?.integer() ?? 0
        author = try worker.optional("author").map { cursor throws(JSONShapeError) in try Author(json: cursor) }
        publishedAt = try worker.optional("published_at")?.string()
        yanked = try worker.optional("yanked").map { cursor throws(JSONShapeError) in try YankNotice(json: cursor) }
        deprecated = try worker.optional("deprecated").map { cursor throws(JSONShapeError) in
            try DeprecationNotice(json: cursor)
        }
    }

    package var json: JSONValue {
        var object = fixedMembers
        object["total_downloads"] = .number(JSONNumber(totalDownloads))
        object["author"] = author?.json
        object["yanked"] = yanked?.json
        object["deprecated"] = deprecated?.json
        return ["worker": .object(object)]
    }

    /// The members that never change after publishing, as one object to keep ready.
    ///
    /// Downloads and author are the others.
    package var fixedMembers: JSONObject {
        var object: JSONObject = [
            "name": .string(name.description), "version": .string(version.description),
            "type": .string(kind.rawValue), "description": .string(description), "license": .string(license),
            "repo": .string(repository), "config": config, "readme": .string(readme), "tags": .strings(tags),
            "experimental": .bool(isExperimental), "dependencies": .dependencies(dependencies),
        ]
        if !calls.isEmpty { object["calls"] = .strings(calls) }
        object["supported_targets"] = supportedTargets.map { .strings($0.map(\.description)) }
        object["image"] = image.map(JSONValue.string)
        if !platforms.isEmpty { object["platforms"] = .strings(platforms) }
        object["published_at"] = publishedAt.map(JSONValue.string)
        object["functions"] = .array(functions)
        object["triggers"] = .array(triggers)
        return object
    }
}

extension WorkerDetail.Author {
    package init(json: JSONCursor) throws(JSONShapeError) {
        name = try json.required("name").string()
        picture = try json.optional("pfp")?.string()
        isVerified = try json.optional("verified")?.bool() ?? false
    }

    package var json: JSONValue {
        ["name": .string(name), "pfp": picture.map(JSONValue.string) ?? .null, "verified": .bool(isVerified)]
    }
}

extension WorkerDetail {
    /// What its users should know of this version.
    package var notes: [VersionNote] { VersionNote.all(yanked: yanked, deprecated: deprecated) }
}

extension JSONCursor {
    fileprivate func targets() throws(JSONShapeError) -> [TargetTriple] {
        var targets: [TargetTriple] = []
        for element in try elements() { targets.append(try element.parsed { try TargetTriple(parsing: $0) }) }
        return targets
    }
}
