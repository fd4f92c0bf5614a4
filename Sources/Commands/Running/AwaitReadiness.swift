// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineClient
import JSONText
import ProjectFiles
import WorkerModel
import WorkerSupervisor

/// Waits until workers that were added or changed are ready in the engine that runs their project.
struct AwaitReadiness: Sendable {
    let context: CommandContext
    let project: Project

    /// Returns at once, with a hint, where no engine runs the project.
    ///
    /// - Parameter workers: Each with the version that is to run, in the order in which they are told.
    /// - Throws: `SupervisorError.crashed` (W167) for the first that ended, `.notReady` (W161) after 120 seconds.
    func run(_ workers: [(name: WorkerName, version: String?)]) async throws {
        guard let engine = try RunningEngine.find(of: project, context) else {
            return context.printer.say("hint: no engine runs this project; `iii` in its folder starts one")
        }
        let states = try await withThrowingTaskGroup(of: (Int, WorkerState).self) { group in
            for (index, worker) in workers.enumerated() {
                group.addTask { (index, try await state(of: worker.name, worker.version, engine)) }
            }
            return try await group.reduce(into: [(Int, WorkerState)]()) { $0.append($1) }
        }
        var failure: (any Error)?
        for (index, state) in states.sorted(by: { $0.0 < $1.0 }) {
            do { try state.report(workers[index].name, context.printer) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    private func state(
        of name: WorkerName,
        _ version: String?,
        _ engine: RunningEngine
    ) async throws -> WorkerState {
        var request: JSONObject = ["name": .string(name.description), "wait": true]
        if let version { request["version"] = .string(version) }
        return WorkerState(try await engine.call("worker::status", .object(request), timeout: .seconds(130)))
    }
}
