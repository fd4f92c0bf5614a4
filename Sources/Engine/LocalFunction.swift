// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import EngineProtocol

/// A worker inside the engine's own process: functions that are called like any other.
package struct LocalWorker: Sendable {
    package let name: String
    package let description: String
    package let functions: [LocalFunction]

    package init(name: String, description: String, functions: [LocalFunction]) {
        self.name = name
        self.description = description
        self.functions = functions
    }
}

/// One function of a `LocalWorker`, in the namespace `default`.
package struct LocalFunction: Sendable {
    package let registration: FunctionRegistration
    /// Answers a call; a `CallFailure` reaches the caller as it is, other errors as `invocation_failed`.
    package let handler: @Sendable (LocalCall) async throws -> RawJSON?

    package init(
        _ registration: FunctionRegistration,
        handler: @escaping @Sendable (LocalCall) async throws -> RawJSON?
    ) {
        self.registration = registration
        self.handler = handler
    }
}

/// A call of a `LocalFunction`.
package struct LocalCall: Sendable {
    let callID: String
    package let functionID: String
    package let data: RawJSON?
    package let metadata: RawJSON?
    /// The worker that called; nil for calls of the engine's own.
    package let callerWorkerID: String?
    let handler: @Sendable (LocalCall) async throws -> RawJSON?
}
