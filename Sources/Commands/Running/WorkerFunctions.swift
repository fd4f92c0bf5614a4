// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Sandboxing
import RegistryAPI
import SystemPackage
import Diagnostics
package import EngineProtocol
import HostSystem
import JSONText
package import ProjectFiles
import WorkerModel
import WorkerOperations
package import WorkerSupervisor

/// `worker::*`: what the command line does for a project, as functions of the engine that runs it.
///
/// An error reaches the caller with its published code, and with the envelope that `--json` prints as its message.
package struct WorkerFunctions: Sendable {
    private static let longestWait = Duration.seconds(120)

    let context: CommandContext
    let project: Project
    let supervisor: WorkerSupervisor
    /// Makes what runs what the files say by now.
    let reload: @Sendable () async throws -> Void

    package init(
        context: CommandContext,
        project: Project,
        supervisor: WorkerSupervisor,
        reload: @escaping @Sendable () async throws -> Void
    ) {
        self.context = context
        self.project = project
        self.supervisor = supervisor
        self.reload = reload
    }

    /// The functions, in the order of the command line's verbs.
    package var functions: [LocalFunction] {
        [
            function("add", "Add workers to the project, with all that they need.", WorkerSchemas.add, add),
            function("remove", "Take workers out of the project.", WorkerSchemas.removal, remove),
            function("start", "Start a worker that does not run.", WorkerSchemas.start, start),
            function("stop", "Stop a worker.", WorkerSchemas.stop, stop),
            function("restart", "Stop a worker where it runs, and start it.", WorkerSchemas.start, restart),
            function("status", "How one worker is doing.", WorkerSchemas.status, status),
            function("list", "The workers of the project.", WorkerSchemas.list, list),
            function("logs", "The last lines of a worker's logs.", WorkerSchemas.logs, logs),
        ]
    }

    private func function(
        _ verb: String,
        _ description: String,
        _ schema: JSONValue,
        _ body: @escaping @Sendable (JSONCursor) async throws -> JSONValue
    ) -> LocalFunction {
        let registration = FunctionRegistration(
            id: "worker::\(verb)",
            description: description,
            requestFormat: RawJSON(schema)
        )
        return LocalFunction(registration) { call in
            do {
                let request = call.data?.value() ?? .emptyObject
                return RawJSON(try await body(JSONCursor(request == .null ? .emptyObject : request)))
            } catch {
                let report = ErrorReport(error)
                throw CallFailure(code: report.code.rawValue, message: ErrorRendering.envelope(report).text())
            }
        }
    }

    // MARK: What runs

    private func start(_ request: JSONCursor) async throws -> JSONValue {
        let name = try name(request)
        let tier = try isolation(request)
        try await reload()
        try await supervisor.start(name, isolation: tier)
        return try await answer(name, request)
    }

    private func restart(_ request: JSONCursor) async throws -> JSONValue {
        let name = try name(request)
        let tier = try isolation(request)
        try await reload()
        try await supervisor.restart(name, isolation: tier)
        return try await answer(name, request)
    }

    private func stop(_ request: JSONCursor) async throws -> JSONValue {
        let name = try name(request)
        return ["name": .string(name.description), "stopped": .bool(try await supervisor.stop(name))]
    }

    private func status(_ request: JSONCursor) async throws -> JSONValue {
        let name = try name(request)
        if try request.optional("wait")?.bool() == true {
            try await reload()
            return try await answer(name, request)
        }
        return try await supervisor.status(of: name).json(now: .now)
    }

    private func list(_ request: JSONCursor) async throws -> JSONValue {
        let onlyRunning = try request.optional("running_only")?.bool() ?? false
        let rows = await supervisor.statuses.filter { !onlyRunning || $0.isRunning }
        return ["config_path": .string(project.configPath.string), "workers": .array(rows.map { $0.json(now: .now) })]
    }

    /// The status; where `wait` is asked for, once it has come to rest: ready, waiting, or ended.
    private func answer(_ name: WorkerName, _ request: JSONCursor) async throws -> JSONValue {
        guard try request.optional("wait")?.bool() ?? false else {
            return try await supervisor.status(of: name).json(now: .now)
        }
        let version = try request.optional("version")?.string()
        let status = await withTaskGroup(of: WorkerStatus?.self) { group in
            group.addTask {
                await supervisor.status(of: name) { status in
                    guard let status else { return true }
                    return status.isSettled && (version == nil || status.version == version)
                }
            }
            group.addTask {
                try? await Task.sleep(for: Self.longestWait)
                return nil
            }
            let first = await group.next()
            group.cancelAll()
            return first ?? nil
        }
        if let status { return status.json(now: .now) }
        return try await supervisor.status(of: name).json(now: .now)
    }

    private func logs(_ request: JSONCursor) async throws -> JSONValue {
        let name = try name(request)
        let status = try await supervisor.status(of: name)
        let tail = max(0, min(try request.optional("tail")?.integer() ?? 100, 1000))
        let reader = LogReader(folder: ProjectFolder(project, in: try IIIHome(context.environment)).logs(of: name))
        func lines(_ text: [UInt8]) -> JSONValue {
            .array(text.split(separator: 0x0A).map { .string(String(decoding: $0, as: UTF8.self)) })
        }
        return [
            "name": .string(name.description), "logs_dir": .string(status.logs),
            "stdout": lines(try reader.last(tail, of: .output)), "stderr": lines(try reader.last(tail, of: .error)),
        ]
    }

    // MARK: What the project has

    private func add(_ request: JSONCursor) async throws -> JSONValue {
        var wanted = AddWorkers.Request(try sources(request))
        wanted.options.isForced = try request.optional("force")?.bool() ?? false
        wanted.options.resetsConfig = try request.optional("reset_config")?.bool() ?? false
        wanted.options.isolation = try isolation(request)
        let isAllowed = try request.optional("yes")?.bool() ?? false
        wanted.options.consent = { change in
            if !isAllowed { throw LargePlanUnasked(workers: change.plan.changes.count) }
        }
        let asked = wanted
        let outcome = try await context.withWorkshop(project, events: NoEvents()) {
            try await AddWorkers($0).run(asked)
        }
        try await reload()
        let waits = try request.optional("wait")?.bool() ?? true
        var rows: [JSONValue] = []
        for step in outcome.change.plan.steps {
            let name = step.name
            let status = waits ? try await answer(name, JSONCursor(["wait": true])) : .null
            rows.append([
                "name": .string(name.description), "version": step.version.map(JSONValue.string) ?? .null,
                "requested": .bool(step.isRequested), "status": status["status"] ?? "installed",
            ])
        }
        let first = rows.first { $0["requested"] == true } ?? .null
        return [
            "name": first["name"] ?? .null, "version": first["version"] ?? .null, "status": "installed",
            "awaited_ready": .bool(waits), "config_path": .string(outcome.configPath.string), "workers": .array(rows),
        ]
    }

    private func remove(_ request: JSONCursor) async throws -> JSONValue {
        guard try request.optional("yes")?.bool() ?? false else { throw ConsentRequired(operation: "remove") }
        let names = try request.optional("names")?.elements().map { try WorkerName(parsing: try $0.string()) } ?? []
        if names.isEmpty { throw request.fail("names no worker") }
        let outcome = try await RemoveWorkers(project: project, events: NoEvents()).run(names)
        try await reload()
        return [
            "removed": .array((outcome.removed + outcome.pruned).map { .string($0.description) }),
            "config_path": .string(outcome.configPath.string),
        ]
    }

    /// `source` as an object with `kind`, or `sources` as they are written on a command line.
    private func sources(_ request: JSONCursor) throws -> [WorkerSource] {
        if let texts = try request.optional("sources")?.elements() {
            return try texts.map { try WorkerSource(parsing: try $0.string()) }
        }
        let source = try request.required("source")
        guard case .object = source.value else { return [try WorkerSource(parsing: try source.string())] }
        switch try source.required("kind").string() {
        case "registry":
            let version = try source.optional("version")?.string()
            return [try WorkerSource(parsing: try source.required("name").string() + (version.map { "@\($0)" } ?? ""))]
        case "oci": return [try WorkerSource(parsing: try source.required("reference").string())]
        case "local": return [try WorkerSource(parsing: try source.required("path").string())]
        default: throw try source.required("kind").fail("must be `registry`, `oci` or `local`")
        }
    }

    private func isolation(_ request: JSONCursor) throws -> IsolationTier? {
        try request.optional("isolation").flatMap { $0.value == .null ? nil : $0 }
            .map { try IsolationTier(parsing: try $0.string(), in: "`isolation`") }
    }

    private func name(_ request: JSONCursor) throws -> WorkerName {
        try WorkerName(parsing: try request.required("name").string())
    }
}

/// A request that changes something and does not say that it means it.
///
/// W104.
struct ConsentRequired: CodedError {
    let operation: String
    var code: ErrorCode { .consentRequired }
    var message: String { "`\(operation)` needs `\"yes\": true`" }
}

/// What happens along the way is not told over the bus.
private struct NoEvents: EventSink {
    func receive(_ event: OperationEvent) {}
}

extension WorkerStatus {
    /// Whether nothing more is to come without somebody's doing.
    package var isSettled: Bool {
        switch phase {
        case .ready, .waiting, .failed, .stopped, .builtIn, .restarting: true
        case .starting, .booting, .stopping: false
        }
    }
}
