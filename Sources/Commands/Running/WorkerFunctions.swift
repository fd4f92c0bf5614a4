// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import EngineProtocol
import JSONText
package import ProjectFiles
import Sandboxing
import WorkerModel
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
        let body: @Sendable (JSONCursor) async throws -> JSONValue

        var id: String { "worker::\(verb)" }
    }

    let context: CommandContext
    let project: Project
    let supervisor: WorkerSupervisor
    let events: WorkerEvents
    /// Makes what runs what the files say by now.
    let reload: @Sendable () async throws -> Void

    package init(
        context: CommandContext,
        project: Project,
        supervisor: WorkerSupervisor,
        events: WorkerEvents,
        reload: @escaping @Sendable () async throws -> Void
    ) {
        self.context = context
        self.project = project
        self.supervisor = supervisor
        self.events = events
        self.reload = reload
    }

    /// What an engine is given; its events are for one run of one engine.
    package var localWorker: LocalWorker {
        LocalWorker(
            name: "iii-worker-ops",
            description: "The workers of the project.",
            functions: entries.map(Self.function),
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

    private static func function(_ entry: Entry) -> LocalFunction {
        let registration = FunctionRegistration(
            id: entry.id,
            description: entry.description,
            requestFormat: RawJSON(entry.schemas.request),
            responseFormat: RawJSON(entry.schemas.response)
        )
        return LocalFunction(registration) { call in
            do {
                let request = call.data?.value() ?? .emptyObject
                return RawJSON(try await entry.body(JSONCursor(request == .null ? .emptyObject : request)))
            } catch {
                let report = ErrorReport(error)
                throw CallFailure(code: report.code.rawValue, message: ErrorRendering.envelope(report).text())
            }
        }
    }

    // MARK: What requests have in common

    func name(_ request: JSONCursor) throws -> WorkerName {
        try WorkerName(parsing: try request.required("name").string())
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
