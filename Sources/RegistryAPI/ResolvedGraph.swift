// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// What `POST /resolve` answers: a worker with everything that it needs, dependencies first.
///
/// Reading checks the shape only; whether the graph holds together is for its user to check.
///
///     {"root":{"name":"pi","version":"0.2.0"},"target":"…","graph":[…],"edges":[{"from":"pi","to":"ade","range":"^1"}]}
package struct ResolvedGraph: WireValue {
    /// The worker that was asked for, with the version that was chosen.
    package struct Root: WireValue {
        package var name: WorkerName
        package var version: SemanticVersion

        package init(name: WorkerName, version: SemanticVersion) {
            self.name = name
            self.version = version
        }
    }

    /// That one worker depends on another.
    package struct Edge: WireValue {
        package var from: WorkerName
        package var to: WorkerName
        /// The selector of the dependency, verbatim.
        package var range: String

        package init(from: WorkerName, to: WorkerName, range: String) {
            self.from = from
            self.to = to
            self.range = range
        }
    }

    package var root: Root
    /// Echoed from the request.
    package var target: TargetTriple?
    package var nodes: [GraphNode]
    package var edges: [Edge]
    /// What their users should know of the nodes; left out of the JSON where there is nothing.
    package var warnings: [GraphWarning] = []

    package init(root: Root, target: TargetTriple? = nil, nodes: [GraphNode], edges: [Edge]) {
        self.root = root
        self.target = target
        self.nodes = nodes
        self.edges = edges
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        root = try Root(json: json.required("root"))
        target = try json.optional("target")?.parsed { try TargetTriple(parsing: $0) }
        nodes = try json.required("graph").list()
        edges = try json.required("edges").list()
        warnings = try json.optional("warnings")?.list() ?? []
    }

    package var json: JSONValue {
        var object: JSONObject = ["root": root.json]
        object["target"] = target.map { .string($0.description) }
        object["graph"] = .array(nodes.map(\.json))
        object["edges"] = .array(edges.map(\.json))
        if !warnings.isEmpty { object["warnings"] = .array(warnings.map(\.json)) }
        return .object(object)
    }
}

extension ResolvedGraph.Root {
    package init(json: JSONCursor) throws(JSONShapeError) {
        name = try json.required("name").name()
        version = try json.required("version").version()
    }

    package var json: JSONValue { ["name": .string(name.description), "version": .string(version.description)] }
}

extension ResolvedGraph.Edge {
    package init(json: JSONCursor) throws(JSONShapeError) {
        from = try json.required("from").name()
        to = try json.required("to").name()
        range = try json.required("range").string()
    }

    package var json: JSONValue {
        ["from": .string(from.description), "to": .string(to.description), "range": .string(range)]
    }
}
