// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import Logging
import NIOCore

/// Who waits for the answer of a call, and how they know it.
struct CallReference: Sendable, Hashable {
    let connection: ConnectionID
    let id: String
    let functionID: String
    let traceparent: String?
    let baggage: String?
}

/// A call that has been handed to its callee.
struct OpenCall: Sendable {
    enum Caller: Sendable {
        case worker(CallReference)
        /// A message for a queue: the answer is its receipt.
        case queue(CallReference, receipt: String)
        /// The engine itself.
        case question(Question)
        /// Nobody waits.
        case nobody
    }

    enum Callee: Sendable, Hashable {
        case connection(ConnectionID)
        case local
    }

    let caller: Caller
    let callee: Callee
    let functionID: String
    /// What is kept of it for those who observe it; nil for nearly all.
    var watched: Boxed<ObservedCall>?
}

extension Hub {
    mutating func invoke(_ call: InvokeFunction, from id: ConnectionID) {
        let reference: CallReference? =
            if call.action != .void, let callID = call.id {
                CallReference(
                    connection: id,
                    id: callID,
                    functionID: call.functionID,
                    traceparent: call.traceparent,
                    baggage: call.baggage
                )
            } else { nil }
        do throws(CallFailure) {
            try route(call, from: id, reference)
        } catch {
            if let reference { return reply(.failure(error.json), to: reference) }
            note(.debug, "call failed and nobody waits", id, ["error.code": "\(error.code)"])
        }
    }

    /// Answers a caller, if it is still there.
    mutating func reply(_ outcome: InvocationResult.Outcome, to reference: CallReference) {
        var result = InvocationResult(
            id: reference.id,
            functionID: reference.functionID,
            outcome: outcome,
            traceparent: reference.traceparent,
            baggage: reference.baggage
        )
        guard let place = sessions.index(forKey: reference.connection) else { return }
        let cost = Frame.result(result).cost
        let queued = sessions.values[place].queuedBytes
        if cost > 4096,
            (queued > 0 && queued + cost > limits.outboundBytes)
                || sessions.values[place].budget?.hasRoom(for: cost) == false
        {
            result.outcome = .failure(
                CallFailure(
                    code: "channel_send_failed",
                    message: "the result was dropped: \(queued) bytes wait to be read by the caller"
                ).json
            )
        } else if !Self.fits(.result(result), cost, within: sessions.values[place].messageBytes) {
            result.outcome = .failure(
                CallFailure(
                    code: Self.tooLarge,
                    message: "the result was dropped: it has more bytes than the caller can read"
                ).json
            )
        }
        send(.result(result), to: reference.connection)
    }

    // MARK: Routing

    private mutating func route(
        _ call: InvokeFunction,
        from id: ConnectionID,
        _ reference: CallReference?
    ) throws(CallFailure) {
        let namespace = call.namespace ?? Self.defaultNamespace
        guard Self.isNamespace(namespace) else { throw .invalidNamespace }
        if case .said(_, _, let activation?) = call.origin, let observerID = activation.member("observer_id")?.string {
            return try callTarget(call, of: observerID, from: id, answering: reference)
        }
        try checkAccess(call.functionID, in: namespace, from: id)
        if call.functionID == Self.enqueueFunction { try checkQueued(call, from: id) }
        let isBuiltin =
            namespace == Self.defaultNamespace && call.functionID.hasPrefix("engine::")
            && BuiltinFunction(rawValue: call.functionID) != nil
        if !isBuiltin, let inner = throughMiddleware(call, in: namespace, from: id) {
            let caller = reference.map { OpenCall.Caller.worker($0) } ?? .nobody
            return try hand(inner, in: Self.defaultNamespace, caller: caller, callerID: id)
        }
        if case .enqueue(let queue) = call.action {
            try checkPassedOn(call.functionID, in: namespace, from: id)
            return try enqueue(call, to: queue, in: namespace, from: id, reference)
        }
        if isBuiltin, let builtin = BuiltinFunction(rawValue: call.functionID) {
            guard let value = try run(builtin, call, from: id, reference) else { return }
            if let reference { reply(.success(value), to: reference) }
            return
        }
        do throws(CallFailure) {
            try hand(
                call,
                in: namespace,
                caller: reference.map { .worker($0) } ?? .nobody,
                callerID: id
            )
        } catch  where error.code == CallFailure.functionNotFound && isWaiting(call, on: id) {
            sessions[id]?.waitingBytes += Frame.invoke(call).cost
            sessions[id]?.budget?.force(Frame.invoke(call).cost)
            sessions[id]?.deferred.append(call)
        }
    }

    /// Whether a connection has registered a function that waits for its namespace, and has room for a call of it.
    private func isWaiting(_ call: InvokeFunction, on id: ConnectionID) -> Bool {
        guard let session = sessions[id], session.namespace == nil, session.deferred.count < 1000,
            session.waitingBytes + Frame.invoke(call).cost <= limits.waitingBytes
        else { return false }
        return session.waiting.contains { frame in
            if case .registerFunction(let function) = frame { return function.id == call.functionID }
            return false
        }
    }

    /// Gives a call to whoever has the function.
    ///
    /// - Parameters:
    ///   - call: What the caller sent; its id is kept where it is free.
    ///   - namespace: Where the function is looked for, and nowhere else.
    ///   - caller: Who gets the answer.
    ///   - callerID: The calling connection; nil for calls of the engine's own.
    ///   - asking: For whom the engine itself calls; nil for the calling connection, or nobody else.
    /// - Throws: `CallFailure` where nobody has it, or it cannot be reached.
    mutating func hand(
        _ call: InvokeFunction,
        in namespace: String,
        caller: OpenCall.Caller,
        callerID: ConnectionID?,
        as asking: BusCaller? = nil
    ) throws(CallFailure) {
        if let callerID, let made = sessions[callerID]?.made, made >= limits.openCalls {
            throw CallFailure(code: "invocation_error", message: "\(made) calls of this worker are open already")
        }
        let wanted = caller.connection == nil ? nil : call.id
        // A call may still run here when nobody waits for it any more.
        let callID = wanted.flatMap { calls[$0] == nil && localCosts[$0] == nil ? $0 : nil } ?? makeID()
        let callerWorkerID = callerID.flatMap { sessions[$0]?.workerID }
        guard let entry = functions[namespace]?[call.functionID] else {
            guard namespace == Self.defaultNamespace, let local = localFunctions[call.functionID]?.function else {
                throw notFound(call.functionID, in: namespace)
            }
            let asking = asking ?? callerID.map { self.caller(of: call.functionID, $0) } ?? .owner
            return try runLocally(call, as: callID, caller: caller, callerID, namespace, asking, local.handler)
        }
        if entry.isEndpoint, let invocation = entry.registration.invocation {
            let rights = endpointRights(of: entry.owner)
            return try handToEndpoint(invocation, rights, call, in: namespace, as: callID, caller: caller, callerID)
        }
        var sent = call
        sent.id = callID
        sent.namespace = nil
        sent.action = .call
        sent.callerWorkerID = callerWorkerID
        if sessions[entry.owner]?.hasPrefix == true, let grant = sessions[entry.owner]?.grant {
            sent.functionID = grant.inner(sent.functionID)
        }
        sent.origin = sessions[entry.owner]?.observes == true ? origin(of: call, from: callerID) : .unsaid
        try checkRoom(for: .invoke(sent), at: entry, from: callerID)
        let watched = watch(call, in: namespace, as: callID, from: callerID)
        open(callID, OpenCall(caller, by: .connection(entry.owner), of: call.functionID, watched))
        send(.invoke(sent), to: entry.owner)
    }

    /// What a callee that speaks `observe.v1` is told of a call.
    private func origin(of call: InvokeFunction, from id: ConnectionID?) -> InvocationOrigin {
        let caller = stampedCaller(of: call, from: id)
        let depth = call.origin.depth
        let activation = call.origin.activation
        guard caller != nil || depth > 0 || activation != nil else { return .unsaid }
        return .said(caller: caller, depth: depth, activation: activation)
    }

    private mutating func runLocally(
        _ call: InvokeFunction,
        as callID: String,
        caller: OpenCall.Caller,
        _ callerID: ConnectionID?,
        _ namespace: String,
        _ asking: BusCaller = .owner,
        _ handler: @escaping LocalFunction.Handler
    ) throws(CallFailure) {
        let cost = Frame.invoke(call).cost
        let budget = caller.connection.flatMap { sessions[$0]?.budget }
        guard localCosts.isEmpty || localBytes + cost <= limits.outboundBytes, localCosts.count < limits.openCalls
        else {
            throw CallFailure(
                code: "channel_send_failed",
                message: "the engine has no room for the call: \(localCosts.count) of its own are open"
            )
        }
        if let budget {
            guard budget.take(cost) else { throw .overBudget(budget) }
            localBudgets[callID] = (budget, cost)
        }
        localBytes += cost
        localCosts[callID, default: 0] += cost
        let watched = watch(call, in: namespace, as: callID, from: callerID)
        open(callID, OpenCall(caller, by: .local, of: call.functionID, watched))
        let localCall = LocalCall(
            callID: callID,
            functionID: call.functionID,
            data: call.data,
            metadata: call.metadata,
            callerWorkerID: callerID.flatMap { sessions[$0]?.workerID },
            caller: asking,
            handler: handler
        )
        actions.append(.runLocally(localCall))
    }

    private func caller(of functionID: String, _ id: ConnectionID) -> BusCaller {
        guard let session = sessions[id] else { return BusCaller() }
        if session.isFree { return .owner }
        return caller(decision(on: functionID, in: Self.defaultNamespace, from: id), session.identity)
    }

    /// A call of the engine's own process has ended.
    mutating func endLocally(_ callID: String, _ outcome: InvocationResult.Outcome) {
        localBytes -= localCosts.removeValue(forKey: callID) ?? 0
        if let (budget, cost) = localBudgets.removeValue(forKey: callID) { budget.give(cost) }
        finish(callID, outcome, from: .local)
    }

    private mutating func handToEndpoint(
        _ invocation: RawJSON,
        _ rights: EndpointRights,
        _ call: InvokeFunction,
        in namespace: String,
        as callID: String,
        caller: OpenCall.Caller,
        _ callerID: ConnectionID?
    ) throws(CallFailure) {
        guard let endpoints else {
            throw CallFailure(
                code: "invocation_error",
                message: "`\(call.functionID)` is an HTTP endpoint, which this engine does not call"
            )
        }
        try runLocally(call, as: callID, caller: caller, callerID, namespace) { call in
            try await endpoints.call(invocation, call, within: rights)
        }
    }

    /// Remembers a call until it is answered; what nobody waits for is not remembered.
    private mutating func open(_ callID: String, _ call: OpenCall) {
        if case .nobody = call.caller, call.watched == nil { return }
        calls[callID] = call
        if case .connection(let callee) = call.callee { sessions[callee]?.handling += 1 }
        if let caller = call.caller.connection {
            sessions[caller]?.made += 1
            sessions[caller]?.budget?.force(WorkerBudgets.call)
        }
    }

    /// Takes a call up again for those who observe it, when its caller has gone.
    mutating func reopen(_ callID: String, _ call: OpenCall) {
        open(callID, OpenCall(.nobody, by: call.callee, of: call.functionID, call.watched))
    }

    /// What a sandboxed worker may leave waiting for another one: the rest of the queue is for others.
    private static let foreignQueueBytes = 16 << 20

    private func checkRoom(
        for frame: Frame,
        at entry: RegisteredFunction,
        from caller: ConnectionID?
    ) throws(CallFailure) {
        guard let place = sessions.index(forKey: entry.owner) else { return }
        let cost = frame.cost
        let queued = sessions.values[place].queuedBytes
        if let budget = sessions.values[place].budget, !budget.hasRoom(for: cost) { throw .overBudget(budget) }
        if let budget = caller.flatMap({ sessions[$0]?.budget }) {
            guard budget.hasRoom(for: WorkerBudgets.call) else { throw .overBudget(budget) }
            if queued > 0, queued + cost > Self.foreignQueueBytes {
                throw CallFailure(
                    code: "channel_send_failed",
                    message: "\(queued) bytes wait for the worker of `\(entry.registration.id)`"
                )
            }
        }
        let limit = sessions.values[place].messageBytes
        guard Self.fits(frame, cost, within: limit) else {
            throw CallFailure(
                code: Self.tooLarge,
                message: "the call has more than \(limit) bytes, which is what the worker of "
                    + "`\(entry.registration.id)` can read"
            )
        }
        guard queued > 0, queued + cost > limits.outboundBytes else { return }
        throw CallFailure(
            code: "channel_send_failed",
            message: "the worker of `\(entry.registration.id)` does not read: \(queued) bytes wait for it"
        )
    }

    private static let tooLarge = "payload_too_large"

    /// Whether a peer can read a frame: one that is too large would make it close its connection.
    private static func fits(_ frame: Frame, _ cost: Int, within limit: Int) -> Bool {
        cost <= limit - (16 << 10) || frame.encoded().readableBytes <= limit
    }

    private func notFound(_ functionID: String, in namespace: String) -> CallFailure {
        let others = functions.filter { $0.value[functionID] != nil }.keys.sorted()
        let elsewhere =
            others.isEmpty ? "" : " It is registered in namespace(s): \(others.joined(separator: ", "))."
        return CallFailure(
            code: CallFailure.functionNotFound,
            message: "Function \(functionID) not found in namespace \(namespace).\(elsewhere)"
        )
    }
}

extension OpenCall {
    init(_ caller: Caller, by callee: Callee, of functionID: String, _ watched: Boxed<ObservedCall>?) {
        self.init(caller: caller, callee: callee, functionID: functionID, watched: watched)
    }
}

extension OpenCall.Caller {
    var connection: ConnectionID? {
        switch self {
        case .worker(let reference), .queue(let reference, _): reference.connection
        case .question, .nobody: nil
        }
    }
}

extension CallFailure {
    static let functionNotFound = "function_not_found"
}
