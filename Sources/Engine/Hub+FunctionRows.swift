// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText

/// A function as lists show it.
struct FunctionRow {
    let registration: FunctionRegistration
    let namespace: String
    let workerName: String
    /// Nil for functions of the engine's own process.
    let workerID: String?

    func write(to object: inout JSONBuilder) {
        object.member("function_id", registration.id)
        object.member("namespace", namespace)
        object.member("worker_name", workerName)
        object.optional("description", registration.description)
        object.optional("metadata", registration.metadata)
    }

    func isOf(_ worker: WorkerRow) -> Bool {
        workerID.map { $0 == worker.id } ?? (worker.isInternal && workerName == worker.name)
    }

    var isInternal: Bool {
        let id = registration.id
        if id.hasPrefix("engine::"), !id.hasPrefix("engine::queue::") { return true }
        return registration.metadata?.member("internal")?.description == "true"
    }
}

/// Which functions a list shows.
struct FunctionFilter {
    var search: String?
    var prefix: String?
    var workers: Set<String> = []
    var includesInternal = false

    init(includesInternal: Bool) { self.includesInternal = includesInternal }

    init(_ request: BuiltinRequest) throws(JSONShapeError) {
        search = try request.text("search")?.lowercased()
        prefix = try request.text("prefix")
        includesInternal = try request.flag("include_internal")
        if let worker = try request.text("worker") { workers.insert(worker) }
        for worker in try request.cursor.optional("workers")?.elements() ?? [] { workers.insert(try worker.string()) }
    }

    /// Where a function stands among the others that were found; nil where it is not shown.
    func rank(_ row: FunctionRow) -> Int? {
        guard includesInternal || !row.isInternal else { return nil }
        guard prefix.map({ row.registration.id.hasPrefix($0) }) ?? true else { return nil }
        guard workers.isEmpty || workers.contains(row.workerName) else { return nil }
        guard let search, !search.isEmpty else { return 0 }
        let id = row.registration.id.lowercased()
        if id.hasPrefix(search) { return 0 }
        if id.contains(search) { return 1 }
        return row.registration.description?.lowercased().contains(search) == true ? 2 : nil
    }
}

extension Hub {
    func listFunctions(_ request: BuiltinRequest, for id: ConnectionID) throws(JSONShapeError) -> RawJSON {
        let rows = functionRows(try FunctionFilter(request)).filter { isVisible($0, to: id) }
        return JSONBuilder.object { object in
            object.key("functions")
            object.array(rows) { array, row in array.object { row.write(to: &$0) } }
        }
    }

    /// The functions that pass a filter, best first, then by id and namespace.
    func functionRows(_ filter: FunctionFilter) -> [FunctionRow] {
        allFunctions.compactMap { row in filter.rank(row).map { ($0, row) } }
            .sorted { ($0.0, $0.1.registration.id, $0.1.namespace) < ($1.0, $1.1.registration.id, $1.1.namespace) }
            .map(\.1)
    }

    private var allFunctions: [FunctionRow] {
        let connected = functions.flatMap { space in
            space.value.values.map { function in
                FunctionRow(
                    registration: function.registration,
                    namespace: space.key,
                    workerName: workerName(of: function.owner, orFrom: function.registration.id),
                    workerID: sessions[function.owner]?.workerID
                )
            }
        }
        let builtin = BuiltinFunction.allCases.map { function in
            own(FunctionRegistration(id: function.rawValue, description: function.description), of: Self.ownWorker)
        }
        return connected + builtin + localFunctions.values.map { own($0.function.registration, of: $0.worker) }
    }

    private func own(_ registration: FunctionRegistration, of worker: String) -> FunctionRow {
        FunctionRow(
            registration: registration,
            namespace: Self.defaultNamespace,
            workerName: worker,
            workerID: nil
        )
    }

    // MARK: One function

    func functionInfo(_ request: BuiltinRequest, for id: ConnectionID) throws(CallFailure) -> RawJSON {
        let namespace = try request.namespace("namespace")
        let single = try request.optionalText("function_id")
        let several = try functionIDs(request)
        switch (single, several) {
        case (let functionID?, nil):
            let row = try function(functionID, in: namespace)
            guard isVisible(row, to: id) else { throw policy.refusal(of: functionID, to: asker(id)) }
            return functionDetail(row)
        case (nil, let ids?):
            let found = ids.map { functionID in (functionID, try? function(functionID, in: namespace)) }
            return JSONBuilder.object { object in
                object.key("functions")
                object.array(found) { array, entry in
                    guard let row = entry.1 else { return array.value(Self.error("not_found", entry.0)) }
                    array.value(isVisible(row, to: id) ? functionDetail(row) : Self.error("forbidden", entry.0))
                }
            }
        default: throw .invalidArguments("give either `function_id` or `function_ids`")
        }
    }

    private static func error(_ error: String, _ id: String) -> RawJSON {
        JSONBuilder.object { object in
            object.member("function_id", id)
            object.member("error", error)
        }
    }

    /// Whether a connection may know of a function: whether it may call it.
    func isVisible(_ row: FunctionRow, to id: ConnectionID) -> Bool {
        mayCall(row.registration.id, in: row.namespace, from: id)
    }

    /// The ids asked for, each once, in their order.
    private func functionIDs(_ request: BuiltinRequest) throws(CallFailure) -> [String]? {
        var ids: [String] = []
        do throws(JSONShapeError) {
            guard let list = try request.cursor.optional("function_ids") else { return nil }
            for element in try list.elements() {
                let id = try element.string()
                if !ids.contains(id) { ids.append(id) }
            }
        } catch { throw .deserialization(error) }
        guard (1...32).contains(ids.count) else { throw .invalidArguments("`function_ids` holds 1 to 32 ids") }
        return ids
    }

    private func function(_ id: String, in namespace: String?) throws(CallFailure) -> FunctionRow {
        let rows = allFunctions.filter { $0.registration.id == id && namespace ?? $0.namespace == $0.namespace }
        return try pick(rows, \.namespace, "Function '\(id)' is not registered.")
    }

    private func functionDetail(_ row: FunctionRow) -> RawJSON {
        let triggers = bindings.values
            .filter { $0.registration.functionID == row.registration.id && $0.target == row.namespace }
            .sorted { $0.registration.id < $1.registration.id }
        return JSONBuilder.object { object in
            row.write(to: &object)
            object.optional("request_schema", row.registration.requestFormat)
            object.optional("response_schema", row.registration.responseFormat)
            object.key("registered_triggers")
            object.array(triggers) { array, binding in
                array.object { trigger in
                    trigger.member("id", binding.registration.id)
                    trigger.member("trigger_type", binding.registration.triggerType)
                    trigger.nullable("config", binding.registration.config)
                }
            }
        }
    }

    /// The detail of a binding's function; nil while there is none.
    func functionDetail(of binding: Binding) -> RawJSON? {
        (try? function(binding.registration.functionID, in: binding.target)).map(functionDetail)
    }
}
