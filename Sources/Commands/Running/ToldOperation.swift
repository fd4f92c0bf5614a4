// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Synchronization
import WorkerModel
import WorkerOperations

/// Tells the stages of an operation whose workers are known once it has a plan.
final class ToldOperation: EventSink {
    private let events: WorkerEvents
    private let operation: WorkerEvents.Operation
    private let caller: WorkerEvents.Caller
    /// What the plan names, or what was asked for while there is none; each with its version.
    private let workers: Mutex<[(name: String, version: String?)]>

    init(
        _ operation: WorkerEvents.Operation,
        of asked: [String],
        _ caller: WorkerEvents.Caller,
        _ events: WorkerEvents
    ) {
        (self.operation, self.caller, self.events) = (operation, caller, events)
        workers = Mutex(asked.map { ($0, nil) })
    }

    /// Runs it; what it changes is told, and of those that were asked for also that nothing came of it.
    func run<Result>(_ body: (ToldOperation) async throws -> Result) async throws -> Result {
        defer { events.release(held) }
        events.hold(held)
        do {
            let result = try await body(self)
            for worker in current { events.tell(operation, worker.name, .done, caller, version: worker.version) }
            return result
        } catch {
            for worker in current { events.tell(operation, worker.name, .failed, caller, error: error) }
            throw error
        }
    }

    private var current: [(name: String, version: String?)] { workers.withLock { $0 } }
    private var held: [String] { current.map(\.name) }

    func receive(_ event: OperationEvent) {
        switch event {
        case .planned(let change):
            events.release(held)
            let planned = change.plan.changes.map { ($0.name.description, $0.version) }
            workers.withLock { $0 = planned }
            events.hold(held)
            for stage in [.started, operation.middle].compactMap(\.self) {
                for worker in current { events.tell(operation, worker.name, stage, caller, version: worker.version) }
            }
        case .fetching(let name, let version, _):
            events.tell(operation, name.description, .downloading, caller, version: version.description)
        case .installed(let name, let version):
            events.tell(operation, name.description, .downloaded, caller, version: version.description)
        default: break
        }
    }
}
