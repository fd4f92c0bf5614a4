// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import EngineProtocol
import HostSystem
import JSONText
import NIOCore
package import SystemPackage

/// The engine's worker `configuration`.
package struct ConfigurationWorker: Sendable {
    private static let triggerType = "configuration"

    private let store: ConfigurationStore
    private let placeholders: Placeholders
    private let events: AsyncStream<LocalEvent>
    private let fire: AsyncStream<LocalEvent>.Continuation

    /// A worker over the files of a folder, which appears with the first of them.
    ///
    /// - Parameters:
    ///   - folder: `config/` of the project.
    ///   - variable: A variable of the environment, for `${NAME:default}` in values.
    package init(folder: FilePath, variable: @escaping @Sendable (String) -> String?) {
        store = ConfigurationStore(folder: folder)
        placeholders = Placeholders(variable: variable)
        (events, fire) = AsyncStream.makeStream(of: LocalEvent.self)
    }

    /// What an engine is given; its events are for one run of one engine.
    package var localWorker: LocalWorker {
        LocalWorker(
            name: "configuration",
            description: "Keeps what workers are configured with, in files.",
            functions: [
                function("register", "Declares an entry with its schema; a value that is there stays.", register),
                function("set", "Replaces the value of an entry.", set),
                function("get", "Tells the value of an entry.", get),
                function("list", "Lists entries without their values.") { try await list($1) },
                function("schema", "Tells the schema of an entry.", schema),
            ],
            triggerTypes: [
                TriggerTypeRegistration(
                    id: Self.triggerType,
                    description: "An entry was registered, changed or removed, by a call or in its file."
                )
            ],
            events: events,
            background: { await watch() }
        )
    }

    private func function(
        _ name: String,
        _ description: String,
        _ body: @escaping @Sendable (JSONCursor, BusCaller) async throws -> JSONValue
    ) -> LocalFunction {
        LocalFunction(FunctionRegistration(id: "configuration::\(name)", description: description)) { call in
            guard let value = (call.data ?? .emptyObject).value() else {
                throw CallFailure(code: "deserialization_error", message: "the payload is no JSON that can be read")
            }
            do { return RawJSON(try await body(JSONCursor(value), call.caller)) } catch let error as JSONShapeError {
                throw CallFailure(code: "deserialization_error", message: error.message)
            }
        }
    }

    // MARK: Functions

    private func register(_ request: JSONCursor, _ caller: BusCaller) async throws -> JSONValue {
        let id = try id(request, caller)
        let entry = ConfigurationEntry(
            id: id,
            name: try request.optional("name")?.string() ?? id.text,
            description: try request.optional("description")?.string() ?? "",
            schema: try request.optional("schema")?.value ?? .emptyObject,
            metadata: try request.optional("metadata")?.value,
            value: try request.optional("initial_value").map { Placeholders.settling($0.value, for: caller) }
        )
        let (before, after) = try await store.register(entry)
        tell(ConfigurationStore.Change(before: before, after: after))
        return after.json
    }

    private func set(_ request: JSONCursor, _ caller: BusCaller) async throws -> JSONValue {
        let value = Placeholders.settling(try request.required("value").value, for: caller)
        let (before, after) = try await store.set(try id(request, caller), to: value)
        tell(ConfigurationStore.Change(before: before, after: after))
        return ["old_value": before?.value ?? .null, "new_value": after.value ?? .null]
    }

    private func get(_ request: JSONCursor, _ caller: BusCaller) async throws -> JSONValue {
        let entry = try await store.entry(try id(request, caller))
        let value = entry.value ?? .null
        let isRaw = try request.optional("raw")?.bool() ?? false
        return ["id": .string(entry.id.text), "value": isRaw ? value : try placeholders.filling(value)]
    }

    private func list(_ caller: BusCaller) async throws -> JSONValue {
        let own = try await store.all().filter { caller.mayTouch($0.id.text) }
        return ["configurations": .array(own.map { .object($0.summary) })]
    }

    private func schema(_ request: JSONCursor, _ caller: BusCaller) async throws -> JSONValue {
        .object(try await store.entry(try id(request, caller)).summary)
    }

    /// The entry that is meant: a worker's own has its name, others are for whom a grant says so.
    private func id(_ request: JSONCursor, _ caller: BusCaller) throws -> ConfigurationID {
        let id = try ConfigurationID(parsing: try request.required("id").string())
        if caller.mayTouch(id.text) { return id }
        let who = caller.worker.map { "worker '\($0)', whose own is '\($0)'" } ?? "this program"
        throw CallFailure(code: CallFailure.forbidden, message: "configuration '\(id.text)' is not for \(who)")
    }

    // MARK: Events

    /// Tells of what people do to the files, until it is cancelled.
    private func watch() async {
        do {
            try await store.folderAppears()
            let watch = try FolderWatch(store.folder)
            try await store.learn()
            for await change in watch.changes {
                // Somebody may still be writing.
                if !change.isWhole { try await Task.sleep(for: .milliseconds(200)) }
                if let change = await store.change(inFile: change.name) { tell(change) }
            }
        } catch {
            // Without the watch, changes count all the same when they are read.
        }
    }

    private func tell(_ change: ConfigurationStore.Change) {
        guard let entry = change.after ?? change.before else { return }
        let event =
            switch (change.before, change.after) {
            case (nil, _): "configuration:registered"
            case (_, nil): "configuration:deleted"
            default: "configuration:updated"
            }
        var data = entry.summary
        data["type"] = "configuration"
        data["event_type"] = .string(event)
        data["old_value"] = filled(change.before?.value)
        data["new_value"] = filled(change.after?.value)
        let id = entry.id.text
        fire.yield(
            LocalEvent(triggerType: Self.triggerType, data: RawJSON(.object(data)), worker: id) { config in
                Self.isAsked(config, for: id, event)
            }
        )
    }

    /// A value as readers see it; what cannot be filled in is told as it stands.
    private func filled(_ value: JSONValue?) -> JSONValue {
        guard let value else { return .null }
        return (try? placeholders.filling(value)) ?? value
    }

    private static func isAsked(_ config: RawJSON?, for id: String, _ event: String) -> Bool {
        if let asked = config?.member("configuration_id")?.string, asked != id { return false }
        guard case .array(let events)? = config?.member("event_types")?.value() else { return true }
        return events.contains(.string(event))
    }
}
