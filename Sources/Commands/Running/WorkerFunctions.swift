// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import EngineProtocol
import JSONText
package import ProjectFiles
import Sandboxing
package import WorkerModel
package import WorkerSupervisor

/// `worker::*`: what the command line does for a project, as functions of the engine that runs it.
///
/// An error reaches the caller with its published code, and with the envelope that `--json` prints as its message.
package struct WorkerFunctions: Sendable {
    /// One of them, as `worker::schema` describes it.
    struct Entry: Sendable {
        let verb: String
        let description: String
        let schemas: WorkerSchemas
        /// How long callers had better wait.
        var timeout = Duration.seconds(10)
        /// Whether calling it twice is as good as once.
        var isIdempotent = true
        let body: @Sendable (WorkerFunctions) -> @Sendable (JSONCursor) async throws -> JSONValue

        var id: String { "worker::\(verb)" }
    }

    let context: CommandContext
    let project: Project
    let supervisor: WorkerSupervisor
    let events: WorkerEvents
    /// Makes what runs what the files say by now.
    let reload: @Sendable () async throws -> Void
    /// What a worker has called.
    let record: @Sendable (WorkerName) -> WorkerCalls
    /// For whom a function runs.
    var asker = BusCaller.owner

    package init(
        context: CommandContext,
        project: Project,
        supervisor: WorkerSupervisor,
        events: WorkerEvents,
        record: @escaping @Sendable (WorkerName) -> WorkerCalls = { _ in WorkerCalls() },
        reload: @escaping @Sendable () async throws -> Void
    ) {
        self.context = context
        self.project = project
        self.supervisor = supervisor
        self.events = events
        self.reload = reload
        self.record = record
    }

    /// What an engine is given; its events are for one run of one engine.
    package var localWorker: LocalWorker {
        LocalWorker(
            name: "iii-worker-ops",
            description: "The workers of the project.",
            functions: entries.map(function),
            triggerTypes: [
                TriggerTypeRegistration(
                    id: WorkerEvents.triggerType,
                    description: "A worker of the project was added, removed, updated, started, stopped or cleared.",
                    configFormat: RawJSON(WorkerSchemas.eventFilter),
                    callFormat: RawJSON(WorkerSchemas.event)
                )
            ],
            events: events.stream
        )
    }

    /// In the order of the command line's verbs.
    var entries: [Entry] { projectEntries + runningEntries + manifestEntries }

    private func function(_ entry: Entry) -> LocalFunction {
        let registration = FunctionRegistration(
            id: entry.id,
            description: entry.description,
            requestFormat: RawJSON(entry.schemas.request),
            responseFormat: RawJSON(entry.schemas.response)
        )
        return LocalFunction(registration) { call in
            do {
                let request = call.data?.value() ?? .emptyObject
                var functions = self
                functions.asker = call.caller
                return RawJSON(try await entry.body(functions)(JSONCursor(request == .null ? .emptyObject : request)))
            } catch let failure as CallFailure { throw failure } catch {
                let report = ErrorReport(error)
                throw CallFailure(code: report.code.rawValue, message: ErrorRendering.envelope(report).text())
            }
        }
    }

    // MARK: What requests have in common

    func name(_ request: JSONCursor) throws -> WorkerName {
        let name = try WorkerName(parsing: try request.required("name").string())
        if !asker.mayTouch(name.description) { throw forbidden("`\(name)` is another worker") }
        return name
    }

    /// What is not done for whom asks.
    func forbidden(_ reason: String) -> CallFailure {
        let who = asker.worker.map { "worker '\($0)'" } ?? "this program"
        return CallFailure(code: CallFailure.forbidden, message: "not for \(who): \(reason)")
    }

    /// The weakest tier that what a call causes may run in.
    ///
    /// A sandboxed worker brings nothing about that is held less than itself, but for what its grant says. Nil for no bound.
    func floor() throws -> IsolationTier? {
        guard let own = try asker.isolation.map({ try IsolationTier(parsing: $0, in: "the caller") }) else {
            return nil
        }
        let granted = try asker.grantedIsolation.map { try IsolationTier(parsing: $0, in: "`may_call`") }
        let floor = granted ?? own
        return floor == .none ? nil : floor
    }

    func names(_ request: JSONCursor) throws -> [WorkerName] {
        try request.optional("names")?.elements().map { try WorkerName(parsing: try $0.string()) } ?? []
    }

    func flag(_ key: String, _ request: JSONCursor, unlessSaid value: Bool = false) throws -> Bool {
        try request.optional(key)?.bool() ?? value
    }

    func isolation(_ request: JSONCursor) throws -> IsolationTier? {
        try request.optional("isolation").map { try IsolationTier(parsing: try $0.string(), in: "`isolation`") }
    }

    /// Our own command line says that it asks for somebody who sits at it.
    func caller(_ request: JSONCursor) throws -> WorkerEvents.Caller {
        try request.optional("caller_mode")?.string() == "cli" ? .cli : .trigger
    }

    /// The workers that a request means by `names` or `all`.
    ///
    /// - Throws: `ConsentRequired` (W104), `MissingTarget` (W103).
    func targets(_ request: JSONCursor, of operation: String) throws -> (names: [WorkerName], all: Bool) {
        guard try flag("yes", request) else { throw ConsentRequired(operation: operation) }
        let names = try names(request)
        let all = try flag("all", request)
        if names.isEmpty != all { throw MissingTarget(operation: operation, hasBoth: all) }
        return (names, all)
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

/// A request that names nothing, or both everything and something.
///
/// W103.
struct MissingTarget: CodedError {
    let operation: String
    let hasBoth: Bool
    var code: ErrorCode { .missingTarget }
    var message: String {
        hasBoth ? "`\(operation)` takes `names` or `all`, not both" : "`\(operation)` names no worker"
    }
    var hints: [String] { ["give `\"names\": [...]`, or `\"all\": true` for every worker"] }
}
