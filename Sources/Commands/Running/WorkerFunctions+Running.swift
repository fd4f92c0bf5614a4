// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ProjectFiles
import SystemPackage
import HostSystem
import JSONText
import Sandboxing
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
                body: start
            ),
            Entry(
                verb: "stop",
                description: "Stop a worker.",
                schemas: .stop,
                timeout: .seconds(30),
                isIdempotent: false,
                body: stop
            ),
            Entry(
                verb: "restart",
                description: "Stop a worker where it runs, and start it.",
                schemas: .start,
                timeout: .seconds(60),
                isIdempotent: false,
                body: restart
            ),
            Entry(verb: "status", description: "How one worker is doing.", schemas: .status, body: status),
            Entry(verb: "list", description: "The workers of the project.", schemas: .list, body: list),
            Entry(verb: "logs", description: "The last lines of a worker's logs.", schemas: .logs, body: logs),
        ]
    }

    private func start(_ request: JSONCursor) async throws -> JSONValue {
        let (name, tier) = (try name(request), try isolation(request))
        return try await events.telling(.start, of: [name.description], try caller(request)) {
            try await reload()
            try await supervisor.start(name, isolation: tier)
            return try await answer(name, request)
        }
    }

    private func restart(_ request: JSONCursor) async throws -> JSONValue {
        let (name, tier) = (try name(request), try isolation(request))
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
            return try await answer(name, request)
        }
        return try await supervisor.status(of: name).json(now: .now)
    }

    private func list(_ request: JSONCursor) async throws -> JSONValue {
        let onlyRunning = try flag("running_only", request)
        let rows = await supervisor.statuses.filter { !onlyRunning || $0.isRunning }
        return ["config_path": .string(project.configPath.string), "workers": .array(rows.map { $0.json(now: .now) })]
    }

    /// The status; where `wait` is asked for, once it has come to rest: ready, waiting, or ended.
    func answer(_ name: WorkerName, _ request: JSONCursor) async throws -> JSONValue {
        guard try flag("wait", request) else { return try await supervisor.status(of: name).json(now: .now) }
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
