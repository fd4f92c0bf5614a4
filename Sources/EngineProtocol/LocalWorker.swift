// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A worker inside the engine's own process: functions that are called, and triggers that fire, like any other.
package struct LocalWorker: Sendable {
    package let name: String
    package let description: String
    package let functions: [LocalFunction]
    /// Kinds of triggers that `events` fire, in the namespace `default`.
    package let triggerTypes: [TriggerTypeRegistration]
    /// What has happened; read once, for as long as the engine runs.
    package let events: AsyncStream<LocalEvent>?
    /// What it does besides answering; begun with the engine, cancelled at its end.
    package let background: (@Sendable () async -> Void)?

    package init(
        name: String,
        description: String,
        functions: [LocalFunction],
        triggerTypes: [TriggerTypeRegistration] = [],
        events: AsyncStream<LocalEvent>? = nil,
        background: (@Sendable () async -> Void)? = nil
    ) {
        self.name = name
        self.description = description
        self.functions = functions
        self.triggerTypes = triggerTypes
        self.events = events
        self.background = background
    }
}

/// One function of a `LocalWorker`, in the namespace `default`.
package struct LocalFunction: Sendable {
    /// Answers a call; a `CallFailure` reaches the caller as it is, other errors as `invocation_failed`.
    package typealias Handler = @Sendable (LocalCall) async throws -> RawJSON?

    package let registration: FunctionRegistration
    package let handler: Handler

    package init(_ registration: FunctionRegistration, handler: @escaping Handler) {
        self.registration = registration
        self.handler = handler
    }
}

/// A call of a `LocalFunction`.
package struct LocalCall: Sendable {
    package let callID: String
    package let functionID: String
    package let data: RawJSON?
    package let metadata: RawJSON?
    /// The worker that called; nil for calls of the engine's own.
    package let callerWorkerID: String?
    package let caller: BusCaller
    package let handler: LocalFunction.Handler

    package init(
        callID: String,
        functionID: String,
        data: RawJSON?,
        metadata: RawJSON?,
        callerWorkerID: String?,
        caller: BusCaller = .owner,
        handler: @escaping LocalFunction.Handler
    ) {
        self.callID = callID
        self.functionID = functionID
        self.data = data
        self.metadata = metadata
        self.callerWorkerID = callerWorkerID
        self.caller = caller
        self.handler = handler
    }
}

/// Something that fires a trigger of a `LocalWorker`.
package struct LocalEvent: Sendable {
    package let triggerType: String
    /// What bound functions are called with.
    package let data: RawJSON
    /// The worker that it is about: others hear of it by a grant only.
    package let worker: String?
    /// Whether a binding with this `config` is meant.
    package let matches: @Sendable (RawJSON?) -> Bool

    package init(
        triggerType: String,
        data: RawJSON,
        worker: String? = nil,
        matches: @escaping @Sendable (RawJSON?) -> Bool = { _ in true }
    ) {
        self.triggerType = triggerType
        self.data = data
        self.worker = worker
        self.matches = matches
    }
}
