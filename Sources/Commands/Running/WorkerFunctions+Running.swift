// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import HostSystem
import JSONText
import ProjectFiles
import Sandboxing
import SystemPackage
import WorkerModel
import WorkerSupervisor

/// What runs.
extension WorkerFunctions {
    private static let longestWait = Duration.seconds(120)

    var runningEntries: [Entry] {
        [
            Entry(
                verb: "start",
                description: "Start a worker that does not run.",
                schemas: .start,
                timeout: .seconds(60),
                isIdempotent: false,
                body: { $0.start }
            ),
            Entry(
                verb: "stop",
                description: "Stop a worker.",
                schemas: .stop,
                timeout: .seconds(30),
                isIdempotent: false,
                body: { $0.stop }
            ),
            Entry(
                verb: "restart",
                description: "Stop a worker where it runs, and start it.",
                schemas: .start,
                timeout: .seconds(60),
                isIdempotent: false,
                body: { $0.restart }
            ),
            Entry(verb: "status", description: "How one worker is doing.", schemas: .status, body: { $0.status }),
            Entry(verb: "list", description: "The workers of the project.", schemas: .list, body: { $0.list }),
            Entry(verb: "logs", description: "The last lines of a worker's logs.", schemas: .logs, body: { $0.logs }),
            Entry(
                verb: "calls",
                description: "What a worker has called since the engine was started, and what of that was refused.",
                schemas: .calls,
                body: { $0.calls }
            ),
        ]
    }

    private func start(_ request: JSONCursor) async throws -> JSONValue {
        let name = try name(request)
        let tier = try await tier(of: name, request)
        return try await events.telling(.start, of: [name.description], try caller(request)) {
            try await reload()
            try await supervisor.start(name, isolation: tier)
            return try await answer(name, request)
        }
    }

    private func restart(_ request: JSONCursor) async throws -> JSONValue {
        let name = try name(request)
        let tier = try await tier(of: name, request)
        return try await events.telling(.start, of: [name.description], try caller(request)) {
            try await reload()
            try await supervisor.restart(name, isolation: tier)
            return try await answer(name, request)
        }
    }

    private func stop(_ request: JSONCursor) async throws -> JSONValue {
        let name = try name(request)
        let hasRun = try await events.telling(.stop, of: [name.description], try caller(request)) {
            try await supervisor.stop(name)
        }
        return ["name": .string(name.description), "stopped": .bool(hasRun)]
    }

    private func status(_ request: JSONCursor) async throws -> JSONValue {
        let name = try name(request)
        if try flag("wait", request) {
            try await reload()
            return try detailed(try await answer(name, request), name)
        }
        return try detailed(row(of: try await supervisor.status(of: name)), name)
    }

    /// The lines of each stream that a status shows.
    private static let tailLines = 20

    /// A status with what clients of other engines look for.
    private func detailed(_ status: JSONValue, _ name: WorkerName) throws -> JSONValue {
        guard case .object(var row) = status else { return status }
        let types: [JSONValue: JSONValue] = ["image": "oci", "engine": "builtin", "-": "not-installed"]
        let kind = row["kind"] ?? "-"
        row["worker_type"] = types[kind] ?? kind
        row["installed"] = .bool(kind != "-")
        row["hint"] = row["remedy"]
        if row["hint"] == .null, row["status"] == "failed" || row["status"] == "restarting" {
            row["hint"] = .string("iii worker logs \(name)")
        }
        row["stdout_tail"] = try tail(Self.tailLines, of: .output, name)
        row["stderr_tail"] = try tail(Self.tailLines, of: .error, name)
        return .object(row)
    }

    private func tail(_ count: Int, of stream: OutputStreamName, _ name: WorkerName) throws -> JSONValue {
        let reader = LogReader(folder: ProjectFolder(project, in: try IIIHome(context.environment)).logs(of: name))
        let lines = try reader.last(count, of: stream).split(separator: 0x0A)
        return .array(lines.map { .string(String(decoding: $0, as: UTF8.self)) })
    }

    /// The tier to start a worker in: as asked for, but none that is weaker than the caller's.
    private func tier(of name: WorkerName, _ request: JSONCursor) async throws -> IsolationTier? {
        let asked = try isolation(request)
        guard let floor = try floor() else { return asked }
        if let asked {
            guard asked.isAtLeast(floor) else {
                throw forbidden("isolation `\(asked)` is weaker than its own `\(floor)`")
            }
            return asked
        }
        try await reload()
        guard let usual = try await supervisor.tier(of: name), !usual.isAtLeast(floor) else { return nil }
        return floor
    }

    /// A worker's status with what it was refused: `"calls_refused": {"shell::run": 3}`.
    private func row(of status: WorkerStatus) -> JSONValue {
        guard case .object(var row) = status.json(now: .now) else { return .null }
        row["calls_refused"] = record(status.name).refused
        return .object(row)
    }

    private func calls(_ request: JSONCursor) async throws -> JSONValue {
        let name = try name(request)
        _ = try await supervisor.status(of: name)
        return ["name": .string(name.description), "calls": record(name).json]
    }

    private func list(_ request: JSONCursor) async throws -> JSONValue {
        let onlyRunning = try flag("running_only", request)
        let rows = await supervisor.statuses.filter { status in
            (!onlyRunning || status.isRunning) && asker.mayTouch(status.name.description)
        }
        return ["config_path": .string(project.configPath.string), "workers": .array(rows.map(row))]
    }

    /// The status; where `wait` is asked for, once it has come to rest: ready, waiting, or ended.
    func answer(_ name: WorkerName, _ request: JSONCursor) async throws -> JSONValue {
        guard try flag("wait", request) else { return row(of: try await supervisor.status(of: name)) }
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
        if let status { return row(of: status) }
        return row(of: try await supervisor.status(of: name))
    }

    private func logs(_ request: JSONCursor) async throws -> JSONValue {
        let name = try name(request)
        let status = try await supervisor.status(of: name)
        let tail = max(0, min(try request.optional("tail")?.integer() ?? 100, 1000))
        return [
            "name": .string(name.description), "logs_dir": .string(status.logs),
            "stdout": try self.tail(tail, of: .output, name), "stderr": try self.tail(tail, of: .error, name),
        ]
    }
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
