// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// What `POST /resolve` is asked.
///
///     {"worker":"pi","version":"^0.2","target":"x86_64-unknown-linux-gnu"}
package struct ResolveRequest: WireValue {
    package var worker: WorkerName
    /// `latest` where the request has none.
    package var selector: VersionSelector
    /// The host that asks, echoed in the answer; it narrows nothing.
    package var target: TargetTriple?

    package init(worker: WorkerName, selector: VersionSelector = .latest, target: TargetTriple? = nil) {
        self.worker = worker
        self.selector = selector
        self.target = target
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        worker = try json.required("worker").name()
        selector = try json.optional("version")?.selector() ?? .latest
        target = try json.optional("target")?.parsed { try TargetTriple(parsing: $0) }
    }

    package var json: JSONValue {
        var object: JSONObject = ["worker": .string(worker.description), "version": .string(selector.description)]
        object["target"] = target.map { .string($0.description) }
        return .object(object)
    }
}
