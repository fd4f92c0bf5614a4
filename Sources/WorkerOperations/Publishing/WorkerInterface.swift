// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import JSONText
package import WorkerModel

/// The functions and trigger types of a worker, as a version publishes them.
package struct WorkerInterface: Sendable {
    package let functions: [JSONValue]
    package let triggers: [JSONValue]

    package init(functions: [JSONValue], triggers: [JSONValue]) {
        self.functions = functions
        self.triggers = triggers
    }
}

extension WorkerInterface {
    /// Calls a function of an engine, and gives its result.
    package typealias Call = @Sendable (_ function: String, _ payload: JSONValue) async throws -> JSONValue

    /// How many functions an engine describes in one answer.
    private static let batch = 32

    /// Collects what a worker has registered with a running engine.
    ///
    /// Sorted by name, so that two collections of one worker are equal. `identity` is how the engine calls it, where
    /// that is not its name.
    ///
    /// - Throws: what `call` throws; `InterfaceUnreadable` for an engine that answers in another form.
    package static func collect(
        of worker: WorkerName,
        as identity: String? = nil,
        _ call: Call
    ) async throws -> WorkerInterface {
        let question: JSONValue = ["name": .string(identity ?? worker.description)]
        let info = JSONCursor(try await call("engine::workers::info", question))
        do {
            let functions = try names(info, "functions", "function_id")
            let triggers = try names(info, "trigger_types", "id")
            var described: [JSONValue] = []
            for start in stride(from: 0, to: functions.count, by: batch) {
                let ids = functions[start..<min(start + batch, functions.count)].map(JSONValue.string)
                let answer = JSONCursor(try await call("engine::functions::info", ["function_ids": .array(ids)]))
                for function in try answer.required("functions").elements() { described.append(try entry(function)) }
            }
            var kinds: [JSONValue] = []
            for id in triggers {
                kinds.append(try trigger(JSONCursor(try await call("engine::triggers::info", ["id": .string(id)]))))
            }
            return WorkerInterface(functions: described, triggers: kinds)
        } catch let error as JSONShapeError { throw InterfaceUnreadable(worker: worker, reason: error) }
    }

    private static func names(_ info: JSONCursor, _ list: String, _ key: String) throws(JSONShapeError) -> [String] {
        var names: [String] = []
        for row in try info.optional(list)?.elements() ?? [] { names.append(try row.required(key).string()) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func entry(_ function: JSONCursor) throws(JSONShapeError) -> JSONValue {
        [
            "name": .string(try function.required("function_id").string()),
            "description": .string(try function.optional("description")?.string() ?? ""),
            "request_schema": try function.optional("request_schema")?.value ?? .emptyObject,
            "response_schema": try function.optional("response_schema")?.value ?? .emptyObject,
            "metadata": try function.optional("metadata")?.value ?? .emptyObject,
        ]
    }

    private static func trigger(_ trigger: JSONCursor) throws(JSONShapeError) -> JSONValue {
        [
            "name": .string(try trigger.required("id").string()),
            "description": .string(try trigger.optional("description")?.string() ?? ""),
            "invocation_schema": try trigger.optional("configuration_schema")?.value ?? .emptyObject,
            "return_schema": try trigger.optional("request_schema")?.value ?? .emptyObject,
            "metadata": .emptyObject,
        ]
    }
}

/// An engine described a worker in a form that is not known.
struct InterfaceUnreadable: CodedError {
    let worker: WorkerName
    let reason: JSONShapeError

    var code: ErrorCode { .callFailed }
    var message: String { "the engine does not tell what `\(worker)` offers: \(reason.message)" }
    var hints: [String] { ["publish without the interface, or update the engine"] }
}
