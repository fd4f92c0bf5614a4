// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText

/// A kind of trigger as lists show it.
struct TriggerTypeRow {
    let registration: TriggerTypeRegistration
    let namespace: String
    let workerName: String

    func write(to object: inout JSONBuilder) {
        object.member("id", registration.id)
        object.member("namespace", namespace)
        object.member("worker_name", workerName)
        object.nullable("description", registration.description)
    }
}

/// A binding as lists show it.
struct BindingRow {
    let registration: TriggerRegistration
    let workerName: String

    func write(to object: inout JSONBuilder) {
        writeBase(to: &object)
        let summary = registration.config?.value()?.text() ?? registration.config?.description ?? "null"
        object.member("config_summary", summary.count > 80 ? summary.prefix(80) + "…" : summary)
    }

    func writeBase(to object: inout JSONBuilder) {
        object.member("id", registration.id)
        object.member("trigger_type", registration.triggerType)
        object.member("function_id", registration.functionID)
        object.member("worker_name", workerName)
        object.nullable("config", registration.config)
    }
}

extension Hub {
    func listTriggers(_ request: BuiltinRequest) throws(JSONShapeError) -> RawJSON {
        let search = try request.text("search")?.lowercased()
        let prefix = try request.text("prefix")
        let worker = try request.text("worker")
        let rows = typeRows(includesInternal: try request.flag("include_internal")).filter { row in
            let text = [row.registration.id, row.registration.description ?? ""]
            return (search == nil || text.contains { $0.lowercased().contains(search ?? "") })
                && (prefix == nil || row.registration.id.hasPrefix(prefix ?? ""))
                && (worker == nil || row.workerName == worker)
        }
        return JSONBuilder.object { object in
            object.key("triggers")
            object.array(rows) { array, row in array.object { row.write(to: &$0) } }
        }
    }

    func triggerInfo(_ request: BuiltinRequest) throws(CallFailure) -> RawJSON {
        let id = try request.requiredText("id")
        let namespace = try request.namespace("namespace") ?? Self.defaultNamespace
        guard let row = typeRow(id, in: namespace) else { throw .notFound("Trigger type '\(id)' is not registered.") }
        return typeDetail(row)
    }

    func listBindings(_ request: BuiltinRequest, for id: ConnectionID) throws(JSONShapeError) -> RawJSON {
        let search = try request.text("search")?.lowercased()
        let type = try request.text("trigger_type")
        let function = try request.text("function_id")
        let worker = try request.text("worker")
        let rows = bindingRows(includesInternal: try request.flag("include_internal")).filter { row in
            guard isVisible(row, to: id) else { return false }
            let text = [row.registration.id, row.registration.triggerType, row.registration.functionID]
            return (search == nil || text.contains { $0.lowercased().contains(search ?? "") })
                && (type == nil || row.registration.triggerType == type)
                && (function == nil || row.registration.functionID == function)
                && (worker == nil || row.workerName == worker)
        }
        return JSONBuilder.object { object in
            object.key("registered_triggers")
            object.array(rows) { array, row in array.object { row.write(to: &$0) } }
        }
    }

    /// Workers see bindings of their own only, for what is in the configuration of others is theirs.
    func isVisible(_ row: BindingRow, to id: ConnectionID) -> Bool {
        bindings[row.registration.id].map { isOwn($0, of: id) } ?? false
    }

    /// Whether a connection may see and end a binding: it or its worker made it, or it may see and end all.
    func isOwn(_ binding: Binding, of id: ConnectionID) -> Bool {
        guard let session = sessions[id], !session.isFree else { return true }
        if binding.owner == id || binding.author?.value.id == id { return true }
        if case .worker = session.identity { return binding.author?.value.identity == session.identity }
        return false
    }

    func bindingInfo(_ request: BuiltinRequest, for connection: ConnectionID) throws(CallFailure) -> RawJSON {
        let id = try request.requiredText("id")
        guard let binding = bindings[id], isOwn(binding, of: connection) else {
            throw .notFound("Trigger '\(id)' is not registered.")
        }
        let type = binding.provider.flatMap { typeRow(binding.registration.triggerType, in: $0) }.map(typeDetail)
        let function = functionDetail(of: binding)
        return JSONBuilder.object { object in
            row(binding).writeBase(to: &object)
            object.optional("metadata", binding.registration.metadata)
            object.nullable("trigger", type)
            object.nullable("function", function)
        }
    }

    // MARK: Rows

    /// Kinds of triggers by id, then namespace.
    func typeRows(includesInternal: Bool) -> [TriggerTypeRow] {
        triggerTypes.flatMap { space in space.value.keys.compactMap { typeRow($0, in: space.key) } }
            .filter { includesInternal || !$0.registration.id.hasPrefix("engine::") }
            .sorted { ($0.registration.id, $0.namespace) < ($1.registration.id, $1.namespace) }
    }

    /// Bindings by id.
    func bindingRows(includesInternal: Bool) -> [BindingRow] {
        bindings.values.filter { includesInternal || !$0.registration.functionID.hasPrefix("engine::") }
            .sorted { $0.registration.id < $1.registration.id }
            .map(row)
    }

    private func row(_ binding: Binding) -> BindingRow {
        BindingRow(
            registration: binding.registration,
            workerName: workerName(of: binding.owner, orFrom: binding.registration.functionID)
        )
    }

    private func typeRow(_ id: String, in namespace: String) -> TriggerTypeRow? {
        guard let type = triggerTypes[namespace]?[id] else { return nil }
        let worker = type.localWorker ?? workerName(of: type.owner, orFrom: id)
        return TriggerTypeRow(registration: type.registration, namespace: namespace, workerName: worker)
    }

    private func typeDetail(_ row: TriggerTypeRow) -> RawJSON {
        let count = bindings.values.count {
            $0.provider == row.namespace && $0.registration.triggerType == row.registration.id
        }
        return JSONBuilder.object { object in
            row.write(to: &object)
            object.optional("configuration_schema", row.registration.configFormat)
            object.optional("request_schema", row.registration.callFormat)
            object.member("instance_count", count)
        }
    }
}
