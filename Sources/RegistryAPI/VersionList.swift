// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// What `GET /w/{name}/versions` answers: every version of a worker, newest published first.
///
///     {"versions":[{"version":"1.3.0","tag":"latest","tags":["latest","next"],"dependencies":[…],"published_at":"…"}]}
package struct VersionList: WireValue {
    package var versions: [VersionRow]

    package init(_ versions: [VersionRow]) { self.versions = versions }

    package init(json: JSONCursor) throws(JSONShapeError) { versions = try json.required("versions").list() }

    package var json: JSONValue { ["versions": .array(versions.map(\.json))] }
}

/// One published version in a list.
package struct VersionRow: WireValue {
    package var version: SemanticVersion
    /// The channels that point here, in the order of the answer.
    package var channels: [ChannelName]
    package var dependencies: [WorkerDependency]
    /// RFC 3339, UTC.
    package var publishedAt: String?
    package var yanked: YankNotice?
    package var deprecated: DeprecationNotice?

    package init(
        version: SemanticVersion,
        channels: [ChannelName],
        dependencies: [WorkerDependency],
        publishedAt: String?
    ) {
        self.version = version
        self.channels = channels
        self.dependencies = dependencies
        self.publishedAt = publishedAt
    }

    /// The channel to name where there is room for one: `latest` before all others.
    package var primaryChannel: ChannelName? { channels.contains(.latest) ? .latest : channels.first }

    package init(json: JSONCursor) throws(JSONShapeError) {
        version = try json.required("version").version()
        channels = []
        for tag in try json.required("tags").elements() {
            channels.append(try tag.parsed { try ChannelName(parsing: $0) })
        }
        dependencies = try json.optional("dependencies")?.dependencyList() ?? []
        publishedAt = try json.optional("published_at")?.string()
        yanked = try json.optional("yanked").map { cursor throws(JSONShapeError) in try YankNotice(json: cursor) }
        deprecated = try json.optional("deprecated").map { cursor throws(JSONShapeError) in
            try DeprecationNotice(json: cursor)
        }
    }

    package var json: JSONValue {
        var object: JSONObject = [
            "version": .string(version.description),
            "tag": primaryChannel.map { .string($0.description) } ?? .null,
            "tags": .strings(channels.map(\.description)),
            "dependencies": .dependencies(dependencies),
        ]
        object["published_at"] = publishedAt.map(JSONValue.string)
        object["yanked"] = yanked?.json
        object["deprecated"] = deprecated?.json
        return .object(object)
    }
}

extension VersionRow {
    /// What its users should know of this version.
    package var notes: [VersionNote] { VersionNote.all(yanked: yanked, deprecated: deprecated) }
}

extension JSONCursor {
    /// Dependencies as a list of objects with `name` and `version`.
    func dependencyList() throws(JSONShapeError) -> [WorkerDependency] {
        var dependencies: [WorkerDependency] = []
        for element in try elements() {
            let name = try element.required("name").name()
            dependencies.append(WorkerDependency(name: name, selector: try element.required("version").string()))
        }
        return dependencies
    }
}

extension JSONValue {
    static func dependencies(_ dependencies: [WorkerDependency]) -> JSONValue {
        .array(dependencies.map { ["name": .string($0.name.description), "version": .string($0.selector)] })
    }
}
