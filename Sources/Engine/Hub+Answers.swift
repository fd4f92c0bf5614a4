// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import Logging

extension Hub {
    /// Closes a call with its callee's answer; answers from anyone else, and late ones, are dropped.
    mutating func finish(_ callID: String, _ outcome: InvocationResult.Outcome, from callee: OpenCall.Callee) {
        guard let index = calls.index(forKey: callID), calls[index].value.callee == callee else { return }
        let call = calls.remove(at: index).value
        uncount(call)
        if let watched = call.watched?.value { report(watched, ended: outcome) }
        answer(call, outcome)
    }

    /// A connection is gone: nobody waits for what it asked, and what it was asked has failed.
    ///
    /// Looks through all open calls, which costs less than to keep those of each connection at hand.
    mutating func endCalls(of id: ConnectionID) {
        let stopped = CallFailure(code: "invocation_stopped", message: "Invocation stopped").json
        let ended = calls.filter { $0.value.callee == .connection(id) || $0.value.caller.connection == id }
        for (callID, call) in ended.sorted(by: { $0.key < $1.key }) where calls.removeValue(forKey: callID) != nil {
            uncount(call)
            guard call.caller.connection == id else {
                if let watched = call.watched?.value { report(watched, ended: .failure(stopped)) }
                answer(call, .failure(stopped))
                continue
            }
            guard let watched = call.watched else { continue }
            // Its caller does not wait any more, but who observes it does.
            guard call.callee != .connection(id) else {
                report(watched.value, ended: .failure(stopped))
                continue
            }
            reopen(callID, call)
        }
    }

    private mutating func uncount(_ call: OpenCall) {
        if case .connection(let callee) = call.callee { sessions[callee]?.handling -= 1 }
        if let caller = call.caller.connection {
            sessions[caller]?.made -= 1
            sessions[caller]?.budget?.give(WorkerBudgets.call)
        }
    }

    private mutating func answer(_ call: OpenCall, _ outcome: InvocationResult.Outcome) {
        switch (call.caller, outcome) {
        case (.nobody, _): break
        case (.question(let question), _): settle(question, outcome)
        case (.worker(let reference), _): reply(outcome, to: reference)
        case (.queue(let reference, let receipt), .success):
            reply(.success(JSONBuilder.object { $0.member("messageReceiptId", receipt) }), to: reference)
        case (.queue(let reference, _), .failure(let error)):
            let reason = error.member("message")?.string ?? "the queue's worker failed"
            reply(.failure(CallFailure(code: "enqueue_error", message: reason).json), to: reference)
        }
    }

    /// A message that could not be read: whoever waits for the call that it was about is told.
    mutating func receive(_ fault: FrameFault, from id: ConnectionID) {
        guard sessions[id] != nil else { return }
        note(.warning, "message is no frame", id, ["frame.type": "\(fault.type ?? "?")", "fault": "\(fault.reason)"])
        guard let callID = fault.invocationID else { return }
        let isResult = fault.type != "invokefunction" && calls[callID]?.callee == .connection(id)
        let failure = CallFailure(
            code: isResult ? "serialization_error" : "deserialization_error",
            message: fault.sentence
        )
        if isResult { return finish(callID, .failure(failure.json), from: .connection(id)) }
        guard fault.type == "invokefunction" else { return }
        send(.result(InvocationResult(id: callID, functionID: "", outcome: .failure(failure.json))), to: id)
    }

    // MARK: Queues

    static let enqueueFunction = "engine::queue::enqueue"

    /// Holds a message that a worker gives to the queue itself to what its calls are held to: the queue will call for it.
    mutating func checkQueued(_ call: InvokeFunction, from id: ConnectionID) throws(CallFailure) {
        guard sessions[id]?.isFree == false, let target = call.data?.member("function_id")?.string else { return }
        let namespace = call.data?.member("namespace")?.string ?? Self.defaultNamespace
        try checkAccess(target, in: namespace, from: id)
        try checkPassedOn(target, in: namespace, from: id)
    }

    mutating func enqueue(
        _ call: InvokeFunction,
        to queue: String,
        in namespace: String,
        from id: ConnectionID,
        _ reference: CallReference?
    ) throws(CallFailure) {
        guard
            functions[Self.defaultNamespace]?[Self.enqueueFunction] != nil
                || localFunctions[Self.enqueueFunction] != nil
        else {
            throw CallFailure(
                code: "enqueue_error",
                message: "no worker offers queues; install one with `iii worker add iii-queue`"
            )
        }
        // A listener's rules are about what is called in the end.
        if sessions[id]?.door.rules == nil {
            try checkAccess(Self.enqueueFunction, in: Self.defaultNamespace, from: id)
        }
        let receipt = makeID()
        let message = JSONBuilder.object { object in
            object.member("queue", queue)
            object.member("function_id", call.functionID)
            object.member("data", call.data ?? .null)
            object.member("messageReceiptId", receipt)
            object.optional("traceparent", call.traceparent)
            object.optional("baggage", call.baggage)
            if namespace != Self.defaultNamespace { object.member("namespace", namespace) }
        }
        let inner = InvokeFunction(id: nil, functionID: Self.enqueueFunction, data: message, metadata: call.metadata)
        let caller = reference.map { OpenCall.Caller.queue($0, receipt: receipt) } ?? .nobody
        do throws(CallFailure) {
            try hand(inner, in: Self.defaultNamespace, caller: caller, callerID: id)
        } catch { throw CallFailure(code: "enqueue_error", message: error.message) }
    }
}

extension FrameFault {
    fileprivate var sentence: String {
        switch reason {
        case .syntax(let fault): "the message is not valid JSON at byte \(fault.offset)"
        case .member(let name): "`\(name)` is missing or of the wrong kind"
        case .foreignNumber: "the message holds NaN or Infinity, for which JSON has no words"
        }
    }
}
