// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import EngineProtocol
import JSONText
import Synchronization
import WorkerModel
package import WorkerSupervisor

/// Tells functions that are bound to the trigger `worker` what becomes of the project's workers.
package final class WorkerEvents: Sendable {
    package enum Operation: String, Sendable, CaseIterable {
        case add, remove, update, start, stop, clear

        /// What goes on between the beginning and the end.
        var middle: Stage? {
            switch self {
            case .add: nil
            case .remove: .removing
            case .update: .updating
            case .start: .starting
            case .stop: .stopping
            case .clear: .clearing
            }
        }
    }

    package enum Stage: String, Sendable, CaseIterable {
        case started, downloading, downloaded, removing, updating, starting, stopping, clearing, done, failed
    }

    /// Who wanted it: somebody at a command line or in an editor, or a worker that called a function.
    package enum Caller: String, Sendable {
        case cli, trigger
    }

    static let triggerType = "worker"

    /// What is told, for one run of one engine.
    package let stream: AsyncStream<LocalEvent>
    private let fire: AsyncStream<LocalEvent>.Continuation
    private let now: @Sendable () -> Int64
    /// Workers with which an operation of this process is busy, and how many are.
    private let busy = Mutex<[String: Int]>([:])

    /// `now` tells milliseconds since 1970.
    package init(now: @escaping @Sendable () -> Int64) {
        self.now = now
        (stream, fire) = AsyncStream.makeStream(of: LocalEvent.self)
    }

    /// Tells of one stage of an operation.
    func tell(
        _ operation: Operation,
        _ worker: String,
        _ stage: Stage,
        _ caller: Caller,
        version: String? = nil,
        error: (any Error)? = nil
    ) {
        var data: JSONObject = [
            "operation": .string(operation.rawValue), "worker": .string(worker), "stage": .string(stage.rawValue),
            "timestamp_ms": .number(JSONNumber(now())), "caller_mode": .string(caller.rawValue),
        ]
        if let version { data["version"] = .string(version) }
        if let error {
            let report = ErrorReport(error)
            data["error"] = ["code": .string(report.code.rawValue), "message": .string(report.message)]
        }
        fire.yield(
            LocalEvent(triggerType: Self.triggerType, data: RawJSON(.object(data)), worker: worker) { config in
                Self.wants(config, ["operations": operation.rawValue, "stages": stage.rawValue, "workers": worker])
            }
        )
    }

    /// Whether every list of a binding's `config` is absent, empty, or has the value.
    private static func wants(_ config: RawJSON?, _ values: [String: String]) -> Bool {
        guard let config = config?.value() else { return true }
        return values.allSatisfy { key, value in
            guard case .array(let wanted)? = config[key], !wanted.isEmpty else { return true }
            return wanted.contains(.string(value))
        }
    }

    /// Runs an operation on workers that are known from its beginning, and tells its stages.
    func telling<Result>(
        _ operation: Operation,
        of workers: [String],
        _ caller: Caller,
        _ body: () async throws -> Result
    ) async throws -> Result {
        hold(workers)
        defer { release(workers) }
        for stage in [.started, operation.middle].compactMap(\.self) {
            for worker in workers { tell(operation, worker, stage, caller) }
        }
        do {
            let result = try await body()
            for worker in workers { tell(operation, worker, .done, caller) }
            return result
        } catch {
            for worker in workers { tell(operation, worker, .failed, caller, error: error) }
            throw error
        }
    }

    func hold(_ workers: [String]) { busy.withLock { busy in for name in workers { busy[name, default: 0] += 1 } } }

    func release(_ workers: [String]) {
        busy.withLock { busy in
            for name in workers {
                busy[name] = busy[name].flatMap { $0 > 1 ? $0 - 1 : nil }
            }
        }
    }

    /// Tells of changes of the project's files that no operation of this process has made.
    package func filesChanged(_ plan: ChangePlan) {
        func tellDone(_ operation: Operation, _ name: WorkerName, _ version: String?) {
            if busy.withLock({ $0[name.description] == nil }) {
                tell(operation, name.description, .done, .cli, version: version)
            }
        }
        for name in plan.removed { tellDone(.remove, name, nil) }
        for declaration in plan.replaced { tellDone(.update, declaration.name, declaration.version) }
        for declaration in plan.added { tellDone(.add, declaration.name, declaration.version) }
    }
}
