// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// What `POST /publish` answers.
///
///     {"worker":{"name":"pi"},"version":{"version":"1.2.3","tag":"latest","published_at":"2026-08-01T10:00:00Z"}}
package struct PublishAnswer: WireValue {
    package var name: WorkerName?
    package var version: SemanticVersion
    /// The channel that moved here, where one did.
    package var channel: ChannelName?
    /// RFC 3339, UTC.
    package var publishedAt: String?
    /// The reference of an image as its users will see it; nil for other kinds.
    package var image: String?
    /// What the publisher should know though nothing failed.
    package var warnings: [String] = []

    package init(name: WorkerName, version: SemanticVersion, channel: ChannelName?, publishedAt: String? = nil) {
        self.name = name
        self.version = version
        self.channel = channel
        self.publishedAt = publishedAt
    }

    /// Only the version is required: it is all that other servers promise.
    package init(json: JSONCursor) throws(JSONShapeError) {
        let row = try json.required("version")
        name = try json.optional("worker")?.optional("name")?.name()
        version = try row.required("version").version()
        channel = try row.optional("tag")?.parsed { try ChannelName(parsing: $0) }
        publishedAt = try row.optional("published_at")?.string()
        image = try json.optional("image")?.string()
        warnings = try json.optional("warnings")?.strings() ?? []
    }

    package var json: JSONValue {
        var row: JSONObject = [
            "version": .string(version.description), "tag": channel.map { .string($0.description) } ?? .null,
        ]
        row["published_at"] = publishedAt.map(JSONValue.string)
        var object = JSONObject()
        object["worker"] = name.map { ["name": .string($0.description)] }
        object["version"] = .object(row)
        object["image"] = image.map(JSONValue.string)
        if !warnings.isEmpty { object["warnings"] = .strings(warnings) }
        return .object(object)
    }
}
