// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText

/// A worker as lists show it: connected, or part of the engine.
struct WorkerRow {
    var id: String
    var name: String?
    var namespace: String
    var description: String?
    var version: String?
    var runtime: String?
    var os: String?
    var status: String
    var functionCount: Int
    var connectedAt: Int64
    var activeInvocations: Int
    var isolation: String?
    var address: String?
    var pid: Int?
    var isInternal = false

    func write(to object: inout JSONBuilder) {
        object.nullable("name", name)
        object.nullable("description", description)
        object.nullable("version", version)
        object.member("id", id)
        object.member("namespace", namespace)
        object.nullable("runtime", runtime)
        object.nullable("os", os)
        object.member("status", status)
        object.member("function_count", functionCount)
        object.member("connected_at_ms", connectedAt)
        object.member("active_invocations", activeInvocations)
        object.nullable("isolation", isolation)
        object.nullable("ip_address", address)
    }
}

extension Hub {
    /// The name under which the engine's own functions are listed.
    static let ownWorker = "iii-engine-functions"

    func listWorkers(_ request: BuiltinRequest, for id: ConnectionID) throws(JSONShapeError) -> RawJSON {
        let search = try request.text("search")?.lowercased()
        let runtime = try request.text("runtime")
        let status = try request.text("status")
        let rows = visibleRows(to: id).filter { row in
            (runtime == nil || row.runtime == runtime) && (status == nil || row.status == status)
                && (search == nil
                    || [row.name, row.description, row.id].contains { $0?.lowercased().contains(search ?? "") == true })
        }
        return JSONBuilder.object { object in
            object.key("workers")
            object.array(rows) { array, row in array.object { row.write(to: &$0) } }
        }
    }

    func workerInfo(_ request: BuiltinRequest, for id: ConnectionID) throws(CallFailure) -> RawJSON {
        let name = try request.requiredText("name")
        let namespace = try request.namespace("namespace")
        let found = visibleRows(to: id).filter {
            ($0.name == name || $0.id == name) && namespace ?? $0.namespace == $0.namespace
        }
        let row = try pick(found, \.namespace, "Worker '\(name)' is not connected.")
        let functions = functionRows(FunctionFilter(includesInternal: true)).filter {
            $0.isOf(row) && isVisible($0, to: id)
        }
        let types = typeRows(includesInternal: true).filter {
            $0.workerName == row.name && $0.namespace == row.namespace
        }
        let bindings = bindingRows(includesInternal: true).filter {
            $0.workerName == row.name ?? row.id && isVisible($0, to: id)
        }
        return JSONBuilder.object { object in
            object.key("worker")
            object.object { worker in
                row.write(to: &worker)
                if let pid = row.pid { worker.member("pid", pid) }
                worker.member("internal", row.isInternal)
            }
            object.key("functions")
            object.array(functions) { array, function in array.object { function.write(to: &$0) } }
            object.key("trigger_types")
            object.array(types) { array, type in array.object { type.write(to: &$0) } }
            object.key("registered_triggers")
            object.array(bindings) { array, binding in array.object { binding.write(to: &$0) } }
        }
    }

    /// What a name without a namespace means: the one in `default`, else the only one.
    func pick<Row>(_ rows: [Row], _ namespace: KeyPath<Row, String>, _ missing: String) throws(CallFailure) -> Row {
        if let row = rows.first(where: { $0[keyPath: namespace] == Self.defaultNamespace }) { return row }
        guard let row = rows.first else { throw .notFound(missing) }
        guard rows.count == 1 else {
            let candidates = rows.map { $0[keyPath: namespace] }.sorted().joined(separator: ", ")
            throw .notFound("\(missing) It exists in several namespaces: \(candidates).")
        }
        return row
    }

    /// The workers that a connection may know of: itself, those it needs, those of which it may call something, and the
    /// engine's own.
    ///
    /// To guests their rules say whether they see any.
    private func visibleRows(to id: ConnectionID) -> [WorkerRow] {
        guard let session = sessions[id], !session.isFree, session.identity != .guest, !policy.rights.isPermissive
        else {
            return workerRows
        }
        let needed = session.identity.name.flatMap { policy.rights.workers[$0]?.dependencies } ?? []
        return workerRows.filter { row in
            if row.isInternal || row.id == session.workerID || row.name.map(needed.contains) == true { return true }
            guard let connection = connections[row.id], let other = sessions[connection] else { return false }
            if case .worker = session.identity, other.identity == session.identity { return true }
            let namespace = other.namespace ?? Self.defaultNamespace
            return other.functions.contains { mayCall($0, in: namespace, from: id) }
        }
    }

    /// All workers that have announced themselves, and the engine's own, by name and then by id.
    private var workerRows: [WorkerRow] {
        (sessions.values.compactMap(row) + ownRows).sorted { ($0.name ?? $0.id, $0.id) < ($1.name ?? $1.id, $1.id) }
    }

    private func row(_ session: Session) -> WorkerRow? {
        guard let announcement = session.announcement else { return nil }
        return WorkerRow(
            id: session.workerID,
            name: session.name,
            namespace: session.namespace ?? Self.defaultNamespace,
            description: announcement.description,
            version: announcement.version,
            runtime: announcement.runtime,
            os: announcement.os,
            status: "connected",
            functionCount: session.functions.count,
            connectedAt: session.connectedAt,
            activeInvocations: session.made + session.handling,
            isolation: announcement.isolation,
            address: session.address,
            pid: announcement.pid
        )
    }

    private var ownRows: [WorkerRow] {
        func row(_ name: String, _ description: String, _ functions: Int) -> WorkerRow {
            WorkerRow(
                id: name,
                name: name,
                namespace: Self.defaultNamespace,
                description: description,
                version: version,
                runtime: "engine",
                os: nil,
                status: "available",
                functionCount: functions,
                connectedAt: startedAt,
                activeInvocations: 0,
                isolation: "in-process",
                address: nil,
                isInternal: true
            )
        }
        return [
            row(Self.ownWorker, "The engine's own functions.", BuiltinFunction.allCases.count),
            row("iii-worker-manager", "Accepts connections of workers.", 0),
            row("iii-observability", "Accepts telemetry and throws it away.", 0),
            row("iii-telemetry", "Sends nothing to anybody.", 0),
        ] + localWorkers.map { row($0.name, $0.description, $0.functions.count) }
    }

    /// How a connection is called in rows of what it owns.
    func workerName(of id: ConnectionID?, orFrom functionID: String) -> String {
        if let id, let session = sessions[id], let name = session.name { return name }
        return functionID.firstSegment
    }
}

extension String {
    /// What stands before the first `::`.
    var firstSegment: String {
        var end = startIndex
        while end < endIndex, !self[end...].hasPrefix("::") { end = index(after: end) }
        return String(self[..<end])
    }
}
