// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// One message between an engine and a worker, in either direction.
///
/// Members that the protocol calls optional are nil where they were missing or null; JSON that only passes through stays
/// text. A namespace is as it was written: blank ones are for the reader to refuse.
package enum Frame: Sendable, Hashable {
    /// With what the engine can do besides, which older workers pass over.
    case workerRegistered(workerID: String, reattachToken: String?, features: [String] = [])
    case invoke(InvokeFunction)
    case result(InvocationResult)
    case registerFunction(FunctionRegistration)
    case unregisterFunction(id: String)
    /// Accepted and without effect.
    case registerService(id: String)
    case registerTriggerType(TriggerTypeRegistration)
    case unregisterTriggerType(id: String, namespace: String?)
    case registerTrigger(TriggerRegistration)
    case triggerResult(TriggerRegistrationResult)
    case unregisterTrigger(id: String, triggerType: String?)
    case registrationRejected(RegistrationRejection)
    case reattach(previousWorkerID: String, token: String?)
    case ping
    case pong
    case error(code: String, message: String)
    /// One of the family `observe.v1`, whole: what it says is for those to read who take part in it.
    case observation(Observation, RawJSON)
    /// A frame of a type that this version does not know.
    case unknown(type: String)
}

/// A call.
package struct InvokeFunction: Sendable, Hashable {
    /// What is to happen with the answer.
    package enum Action: Sendable, Hashable {
        /// The caller waits for a result.
        case call
        /// Nobody waits, whatever happens.
        case void
        case enqueue(queue: String)
    }

    package var id: String?
    package var functionID: String
    package var data: RawJSON?
    package var namespace: String?
    package var metadata: RawJSON?
    package var traceparent: String?
    package var baggage: String?
    package var action: Action
    /// From an engine to a worker: who called, written into `data` where that is an object.
    package var callerWorkerID: String?
    /// What it was made from, among those who speak `observe.v1`.
    package var origin = InvocationOrigin.unsaid
    /// Whether `data` may name a caller already.
    var isSuspect = false

    package init(
        id: String?,
        functionID: String,
        data: RawJSON? = nil,
        namespace: String? = nil,
        metadata: RawJSON? = nil,
        traceparent: String? = nil,
        baggage: String? = nil,
        action: Action = .call
    ) {
        self.id = id
        self.functionID = functionID
        self.data = data
        self.namespace = namespace
        self.metadata = metadata
        self.traceparent = traceparent
        self.baggage = baggage
        self.action = action
    }
}

/// The answer to a call.
package struct InvocationResult: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        case success(RawJSON?)
        /// The error object as its maker wrote it: `{"code":…,"message":…,"stacktrace":…}`.
        case failure(RawJSON)
    }

    package var id: String
    package var functionID: String
    package var outcome: Outcome
    package var traceparent: String?
    package var baggage: String?

    package init(
        id: String,
        functionID: String,
        outcome: Outcome,
        traceparent: String? = nil,
        baggage: String? = nil
    ) {
        self.id = id
        self.functionID = functionID
        self.outcome = outcome
        self.traceparent = traceparent
        self.baggage = baggage
    }
}

/// What an error of the engine's own says: `{"code":"function_not_found","message":"…"}`.
package struct CallFailure: Error, Sendable, Hashable {
    package var code: String
    package var message: String

    package init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    package var json: RawJSON {
        JSONBuilder.object { object in
            object.member("code", code)
            object.member("message", message)
        }
    }
}

/// A function that a worker offers.
package struct FunctionRegistration: Sendable, Hashable {
    package var id: String
    package var description: String?
    package var requestFormat: RawJSON?
    package var responseFormat: RawJSON?
    package var metadata: RawJSON?
    /// Where the function is an HTTP endpoint that the engine is to call.
    package var invocation: RawJSON?
    /// How it wants to be observed: `{delivery?, args_format?, allow?}`.
    package var observe: RawJSON?

    package init(
        id: String,
        description: String? = nil,
        requestFormat: RawJSON? = nil,
        responseFormat: RawJSON? = nil,
        metadata: RawJSON? = nil,
        invocation: RawJSON? = nil,
        observe: RawJSON? = nil
    ) {
        self.id = id
        self.description = description
        self.requestFormat = requestFormat
        self.responseFormat = responseFormat
        self.metadata = metadata
        self.invocation = invocation
        self.observe = observe
    }
}

/// A kind of trigger that a worker provides.
package struct TriggerTypeRegistration: Sendable, Hashable {
    package var id: String
    package var description: String?
    /// The schema of a binding's `config`.
    package var configFormat: RawJSON?
    /// The schema of what a bound function is called with.
    package var callFormat: RawJSON?
    package var namespace: String?

    package init(
        id: String,
        description: String? = nil,
        configFormat: RawJSON? = nil,
        callFormat: RawJSON? = nil,
        namespace: String? = nil
    ) {
        self.id = id
        self.description = description
        self.configFormat = configFormat
        self.callFormat = callFormat
        self.namespace = namespace
    }
}

/// A function bound to a trigger.
package struct TriggerRegistration: Sendable, Hashable {
    package var id: String
    package var triggerType: String
    package var functionID: String
    package var config: RawJSON?
    package var metadata: RawJSON?
    /// The function's namespace.
    package var namespace: String?
    /// The trigger type's namespace.
    package var triggerNamespace: String?

    package init(
        id: String,
        triggerType: String,
        functionID: String,
        config: RawJSON? = nil,
        metadata: RawJSON? = nil,
        namespace: String? = nil,
        triggerNamespace: String? = nil
    ) {
        self.id = id
        self.triggerType = triggerType
        self.functionID = functionID
        self.config = config
        self.metadata = metadata
        self.namespace = namespace
        self.triggerNamespace = triggerNamespace
    }
}

/// Whether a provider took a binding.
package struct TriggerRegistrationResult: Sendable, Hashable {
    package var id: String
    package var triggerType: String
    package var functionID: String
    /// Nil where it did.
    package var error: RawJSON?

    package init(id: String, triggerType: String, functionID: String, error: RawJSON? = nil) {
        self.id = id
        self.triggerType = triggerType
        self.functionID = functionID
        self.error = error
    }
}

/// What the engine does not accept of a worker; workers treat all but a function conflict as final.
package struct RegistrationRejection: Sendable, Hashable {
    package enum Subject: Sendable, Hashable {
        /// `FUNCTION_NAMESPACE_CONFLICT`
        case function(id: String)
        /// `WORKER_NAMESPACE_CONFLICT`
        case worker(name: String)
    }

    package var subject: Subject
    package var namespace: String
    /// Empty where the engine itself is the owner.
    package var ownerWorkerID: String

    package init(subject: Subject, namespace: String, ownerWorkerID: String) {
        self.subject = subject
        self.namespace = namespace
        self.ownerWorkerID = ownerWorkerID
    }
}
