// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// What `GET /download/{name}` answers: where one version is had, without its dependencies.
///
/// An engine worker has no body at all (204), so there is nothing to read for it.
///
///     {"name":"image-resize","type":"binary","version":"0.1.2","config":{},"binaries":{"aarch64-apple-darwin":{…}}}
///     {"type":"bundle","name":"my-worker","version":"1.2.0","archive_url":"https://…","sha256":"…"}
///     {"type":"image","name":"hermes","version":"0.3.0","image_url":"ghcr.io/acme/hermes@sha256:…"}
package struct WorkerDownload: WireValue {
    package var name: WorkerName
    package var version: SemanticVersion
    package var artifacts: WorkerArtifacts
    /// The default configuration; sent for binaries only.
    package var config: JSONValue
    /// Patterns of functions that it calls besides those of its dependencies; nil where the registry says nothing of them.
    package var calls: [String]?

    package init(
        name: WorkerName,
        version: SemanticVersion,
        artifacts: WorkerArtifacts,
        config: JSONValue = .emptyObject,
        calls: [String]? = nil
    ) {
        self.name = name
        self.version = version
        self.artifacts = artifacts
        self.config = config
        self.calls = calls
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        name = try json.required("name").name()
        version = try json.required("version").version()
        artifacts = try WorkerArtifacts(in: json, imageKey: "image_url")
        config = try json.defaultConfiguration()
        calls = try json.optional("calls")?.strings()
    }

    package var json: JSONValue {
        var object: JSONObject = [
            "name": .string(name.description), "type": .string(artifacts.kind.rawValue),
            "version": .string(version.description),
        ]
        // Existing clients insist on the key for a binary and do without it elsewhere.
        if artifacts.kind == .binary { object["config"] = config }
        artifacts.write(to: &object, imageKey: "image_url")
        object["calls"] = calls.map(JSONValue.strings)
        return .object(object)
    }
}
