// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// One worker of a resolved graph, with all that installing it takes.
///
///     {"name":"pi","type":"bundle","version":"0.2.0","repo":"https://…","config":{},"dependencies":{"ade":"^1.9.11"},
///      "archive_url":"https://…/pi.tar.gz","sha256":"…"}
package struct GraphNode: WireValue {
    package var name: WorkerName
    package var version: SemanticVersion
    package var artifacts: WorkerArtifacts
    /// Where the source is; may be empty.
    package var repository: String
    /// The default configuration, verbatim; usually an object.
    package var config: JSONValue
    /// In the order in which the publisher declared them.
    package var dependencies: [WorkerDependency]
    /// Patterns of functions that it calls besides those of its dependencies; nil where the registry says nothing of them.
    package var calls: [String]?

    package init(
        name: WorkerName,
        version: SemanticVersion,
        artifacts: WorkerArtifacts,
        repository: String = "",
        config: JSONValue = .emptyObject,
        dependencies: [WorkerDependency] = [],
        calls: [String]? = nil
    ) {
        self.name = name
        self.version = version
        self.artifacts = artifacts
        self.repository = repository
        self.config = config
        self.dependencies = dependencies
        self.calls = calls
    }

    package var kind: WorkerKind { artifacts.kind }
}

extension GraphNode {
    package init(json: JSONCursor) throws(JSONShapeError) {
        name = try json.required("name").name()
        version = try json.required("version").version()
        artifacts = try WorkerArtifacts(in: json, imageKey: "image")
        // Other servers leave these out of some nodes; installing needs neither.
        repository = try json.string("repo", or: "")
        config = try json.defaultConfiguration()
        dependencies = try json.optional("dependencies")?.dependencyMap() ?? []
        calls = try json.optional("calls")?.strings()
    }

    package var json: JSONValue {
        var object: JSONObject = [
            "name": .string(name.description), "type": .string(kind.rawValue),
            "version": .string(version.description), "repo": .string(repository), "config": config,
        ]
        artifacts.write(to: &object, imageKey: "image")
        let members = dependencies.map { ($0.name.description, JSONValue.string($0.selector)) }
        object["dependencies"] = .object(JSONObject(members))
        object["calls"] = calls.map(JSONValue.strings)
        return .object(object)
    }
}

extension JSONCursor {
    /// Dependencies as a map from name to selector.
    fileprivate func dependencyMap() throws(JSONShapeError) -> [WorkerDependency] {
        var dependencies: [WorkerDependency] = []
        for (key, selector) in try members() {
            let name = try JSONCursor(.string(key), path: selector.path).name()
            dependencies.append(WorkerDependency(name: name, selector: try selector.string()))
        }
        return dependencies
    }
}
