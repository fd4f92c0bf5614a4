// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import Logging

/// A call whose end some observers are to hear of.
struct ObservedCall: Sendable {
    let name: FunctionName
    /// Those that were active when it began.
    let observers: [String]
    let invocationID: String
    /// What is known of it already and somebody wants to know.
    let parts: [ObservedPart: RawJSON]
    /// Nanoseconds since 1970.
    let startedAt: Int64
    let depth: Int
    let traceparent: String?
    let baggage: String?
    let cost: Int
    /// Of sandboxed workers that observe: what is kept for them is held against them.
    let budgets: [ByteBudget]
}

/// What has become of a call, or what a worker hands to the observers of its function.
struct ObservedEvent: Sendable {
    var name: FunctionName
    var invocationID: String
    var isFailure: Bool
    var parts: [ObservedPart: RawJSON]
    var startedAtMilliseconds: Int64
    var milliseconds: Double
    /// Observers that led to it.
    var depth: Int
    var traceparent: String?
    var baggage: String?
    /// What it is held against while it waits.
    var budget: ByteBudget?

    var cost: Int { parts.values.reduce(512) { $0 + $1.byteCount } }
}

/// What observers hear, and whom they call then.
extension Hub {
    /// Remembers what observers want to know of a call that begins; nil for nearly all.
    mutating func watch(
        _ call: InvokeFunction,
        in namespace: String,
        as callID: String,
        from caller: ConnectionID?
    ) -> Boxed<ObservedCall>? {
        if watchers.isEmpty { return nil }
        let name = FunctionName(namespace: namespace, id: call.functionID)
        guard let all = watchers[name] else { return nil }
        if ObserveManner(functions[namespace]?[call.functionID]?.registration).isOwnerDelivered { return nil }
        let active = all.filter { observers[$0]?.state == .active }
        let wanted = active.reduce(into: Set<ObservedPart>()) { $0.formUnion(observers[$1]?.plan.parts ?? []) }
        var parts: [ObservedPart: RawJSON] = [:]
        if wanted.contains(.input) { parts[.input] = call.data ?? .null }
        if wanted.contains(.metadata), let metadata = call.metadata { parts[.metadata] = metadata }
        if wanted.contains(.caller), let caller = stampedCaller(of: call, from: caller) { parts[.caller] = caller }
        let cost = parts.values.reduce(512) { $0 + $1.byteCount }
        guard !active.isEmpty, observedBytes + cost <= limits.outboundBytes else { return nil }
        // Whoever has no room for it does not hear of it.
        var budgets: [ByteBudget] = []
        let heard = active.filter { observerID in
            guard let budget = observers[observerID].flatMap({ sessions[$0.owner]?.budget }) else { return true }
            guard budget.take(cost) else { return false }
            budgets.append(budget)
            return true
        }
        guard !heard.isEmpty else { return nil }
        observedBytes += cost
        return Boxed(
            ObservedCall(
                name: name,
                observers: heard,
                invocationID: callID,
                parts: parts,
                startedAt: now(),
                depth: call.origin.depth,
                traceparent: call.traceparent,
                baggage: call.baggage,
                cost: cost,
                budgets: budgets
            )
        )
    }

    /// Tells the observers of a call how it ended.
    mutating func report(_ call: ObservedCall, ended outcome: InvocationResult.Outcome) {
        observedBytes -= call.cost
        for budget in call.budgets { budget.give(call.cost) }
        var event = ObservedEvent(
            name: call.name,
            invocationID: call.invocationID,
            isFailure: false,
            parts: call.parts,
            startedAtMilliseconds: call.startedAt / 1_000_000,
            milliseconds: Double(max(now() - call.startedAt, 0)) / 1e6,
            depth: call.depth,
            traceparent: call.traceparent,
            baggage: call.baggage
        )
        switch outcome {
        case .success(let value): event.parts[.output] = value ?? .null
        case .failure(let error): (event.isFailure, event.parts[.error]) = (true, error)
        }
        let heard = call.observers.filter { observerID in
            guard let observer = observers[observerID], observer.plan.occasion.includes(failure: event.isFailure) else {
                return false
            }
            // Of the end of a call by the loss of its worker it hears, too.
            return observer.state == .active || observer.state == .suspended
        }
        let roots = heard.reduce(into: Set<ObservedPart>()) { $0.formUnion(observers[$1]?.plan.filter.roots ?? []) }
        let document = event.parts.filter { roots.contains($0.key) }.compactMapValues { $0.value() }
        for observerID in heard where observers[observerID]?.plan.filter.matches(document) == true {
            take(event, for: observerID)
        }
    }

    // MARK: Calling the target

    /// Calls the target of an observer with an event, or lets the event wait until there is room for the call.
    private mutating func take(_ event: ObservedEvent, for observerID: String) {
        guard let observer = observers[observerID] else { return }
        guard event.depth < limits.observeDepth else {
            return note(
                .warning,
                "observers call each other without end",
                observer.owner,
                ["observer.id": "\(observerID)"]
            )
        }
        if hasRoom(observer) { return activate(observerID, with: event) }
        var waiting = event
        waiting.parts = event.parts.filter { observer.plan.shows($0.key) }
        waiting.budget = sessions[observer.owner]?.budget
        guard observer.queue.count < limits.observerQueue,
            observer.queuedBytes + waiting.cost <= limits.channelBytes,
            waiting.budget?.take(waiting.cost) != false
        else {
            return note(
                .warning,
                "observer is too slow: an event is lost",
                observer.owner,
                ["observer.id": "\(observerID)"]
            )
        }
        observers[observerID]?.queue.append(waiting)
        observers[observerID]?.queuedBytes += waiting.cost
    }

    /// Whether the target may be called once more before an earlier call has ended.
    private func hasRoom(_ observer: Observer) -> Bool {
        observer.inFlight < min(observer.plan.mostInFlight ?? limits.observersInFlight, limits.observersInFlight)
    }

    func giveBack(_ event: ObservedEvent) { event.budget?.give(event.cost) }

    private mutating func activate(_ observerID: String, with event: ObservedEvent) {
        guard let observer = observers[observerID] else { return }
        let plan = observer.plan
        let activationID = makeID()
        var call = InvokeFunction(
            id: nil,
            functionID: plan.target.id,
            data: event.data(for: observerID, by: plan, as: activationID),
            metadata: plan.metadata,
            traceparent: event.traceparent,
            baggage: event.baggage
        )
        call.origin = .said(
            caller: nil,
            depth: event.depth + 1,
            activation: Self.activation(of: observerID, as: activationID)
        )
        observers[observerID]?.inFlight += 1
        observers[observerID]?.fires += 1
        do throws(CallFailure) {
            let question = Question.activation(observerID: observerID, stamp: observer.stamp)
            let asking = try checkTarget(of: observer)
            try hand(call, in: plan.target.namespace, caller: .question(question), callerID: nil, as: asking)
        } catch {
            observers[observerID]?.inFlight -= 1
            note(.debug, "observer cannot be called", observer.owner, ["error.code": "\(error.code)"])
        }
        endIfSpent(observerID)
    }

    private mutating func endIfSpent(_ observerID: String) {
        guard let observer = observers[observerID], let most = observer.plan.mostFires, observer.fires >= most else {
            return
        }
        dispose(observerID, because: CallFailure(code: "MAX_FIRES", message: "it was called \(most) times"))
    }

    private static func activation(of observerID: String, as activationID: String) -> RawJSON {
        JSONBuilder.object { object in
            object.member("observer_id", observerID)
            object.member("activation_id", activationID)
        }
    }

    /// As whom the target is called.
    private func checkTarget(of observer: Observer) throws(CallFailure) -> BusCaller {
        guard let asker = observer.asker?.value else { return .owner }
        let target = observer.plan.target
        let function = function(target.id, in: target.namespace, seenFrom: observer.owner, asker.identity)
        let decision = policy.mayCall(function, by: asker)
        guard decision.isAllowed || (policy.rights.isPermissive && asker.identity.name != nil) else {
            throw policy.refusal(of: target.id, to: asker)
        }
        return caller(decision, asker.identity)
    }

    /// A call of a target has ended: the next event has its turn.
    mutating func endActivation(of observerID: String, stamp: UInt64) {
        guard let observer = observers[observerID], observer.stamp == stamp else { return }
        observers[observerID]?.inFlight -= 1
        // One that cannot be handed over ends at once, and the one behind it has its turn.
        while let waiting = observers[observerID], waiting.stamp == stamp, !waiting.queue.isEmpty, hasRoom(waiting) {
            guard let next = observers[observerID]?.queue.removeFirst() else { return }
            observers[observerID]?.queuedBytes -= next.cost
            giveBack(next)
            activate(observerID, with: next)
        }
    }

    // MARK: What workers hand over themselves

    /// Events that a worker hands to observers of its functions.
    mutating func takeReports(_ text: RawJSON, from id: ConnectionID) {
        guard case .array(let items)? = text.member("items")?.value() else { return }
        for item in items {
            guard let functionID = item["function_id"]?.text, let session = sessions[id] else { continue }
            let name = FunctionName(
                namespace: session.namespace ?? Self.defaultNamespace,
                id: session.grant.outer(functionID)
            )
            guard case .array(let matched)? = item["matched"] else { continue }
            let event = ObservedEvent(item, of: name)
            for observerID in Set(matched.compactMap(\.text)).sorted()
            where isHandedOver(to: observerID, of: name, by: id) {
                take(event, for: observerID)
            }
        }
    }

    /// Whether a worker may hand something to an observer: one of its own function, which hands over itself.
    private func isHandedOver(to observerID: String, of name: FunctionName, by id: ConnectionID) -> Bool {
        guard let observer = observers[observerID], observer.state == .active, observer.plan.source == name,
            let entry = functions[name.namespace]?[name.id], entry.owner == id
        else { return false }
        return ObserveManner(entry.registration).isOwnerDelivered
    }

    /// Calls the target of an observer for the worker of its function, which waits for the answer.
    mutating func callTarget(
        _ call: InvokeFunction,
        of observerID: String,
        from id: ConnectionID,
        answering reference: CallReference?
    ) throws(CallFailure) {
        guard let observer = observers[observerID], isHandedOver(to: observerID, of: observer.plan.source, by: id)
        else {
            throw CallFailure(
                code: "OBSERVER_NOT_ACTIVE",
                message: "there is no such observer of this worker's functions"
            )
        }
        guard call.origin.depth < limits.observeDepth else {
            throw CallFailure(code: "invocation_error", message: "observers call each other without end")
        }
        let asking = try checkTarget(of: observer)
        var inner = call
        inner.functionID = observer.plan.target.id
        inner.metadata = observer.plan.metadata
        inner.origin = .said(
            caller: call.origin.caller,
            depth: call.origin.depth + 1,
            activation: Self.activation(of: observerID, as: makeID())
        )
        observers[observerID]?.fires += 1
        let caller = reference.map { OpenCall.Caller.worker($0) } ?? .nobody
        try hand(inner, in: observer.plan.target.namespace, caller: caller, callerID: id, as: asking)
        endIfSpent(observerID)
    }

    // MARK: Callers

    /// Who made a call: the worker as the engine knows it, the rest as it says itself.
    func stampedCaller(of call: InvokeFunction, from id: ConnectionID?) -> RawJSON? {
        guard let id, let session = sessions[id] else { return nil }
        let said = call.origin.caller
        return JSONBuilder.object { object in
            object.member("worker_id", session.workerID)
            object.optional("worker_name", session.name)
            said?.copy(["function_id", "invocation_id"], to: &object)
            guard let parent = said?.member("parent"), parent.isObject else { return }
            object.key("parent")
            object.object { parent.copy(["worker_id", "worker_name", "function_id", "invocation_id"], to: &$0) }
        }
    }
}

extension RawJSON {
    /// Writes members that are short strings.
    fileprivate func copy(_ keys: [String], to object: inout JSONBuilder) {
        for key in keys {
            guard let raw = member(key), raw.byteCount <= 1024, let text = raw.string else { continue }
            switch key {
            case "function_id": object.member("function_id", text)
            case "invocation_id": object.member("invocation_id", text)
            case "worker_id": object.member("worker_id", text)
            default: object.member("worker_name", text)
            }
        }
    }
}

extension JSONValue {
    fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }
    fileprivate var double: Double? { if case .number(let number) = self { number.double } else { nil } }
}

extension ObserverPlan {
    /// Whether an event's part reaches the target.
    func shows(_ part: ObservedPart) -> Bool {
        switch delivery {
        case .envelope: capture.contains(part)
        case .input: part == .input
        case .output: part == .output
        }
    }
}

extension ObservedEvent {
    /// An item of `invocationsobserved`.
    fileprivate init(_ item: JSONValue, of name: FunctionName) {
        self.name = name
        invocationID = item["invocation_id"]?.text ?? ""
        isFailure = item["status"]?.text == "error"
        parts = [:]
        for part in ObservedPart.allCases { parts[part] = item[part.rawValue].map { RawJSON($0) } }
        startedAtMilliseconds = item["started_at_ms"]?.double.flatMap { Int64(exactly: $0.rounded()) } ?? 0
        milliseconds = max(item["duration_ms"]?.double ?? 0, 0)
        depth = item["observe_depth"]?.double.flatMap { Int(exactly: $0.rounded()) }.map { max($0, 0) } ?? 0
        traceparent = item["traceparent"]?.text
        baggage = item["baggage"]?.text
    }

    /// What a target is called with.
    func data(for observerID: String, by plan: ObserverPlan, as activationID: String) -> RawJSON {
        switch plan.delivery {
        case .input: return parts[.input] ?? .null
        case .output: return parts[.output] ?? .null
        case .envelope: break
        }
        return JSONBuilder.object { object in
            object.member("observer_id", observerID)
            object.member("activation_id", activationID)
            object.member("function_id", name.id)
            object.member("namespace", name.namespace)
            object.member("invocation_id", invocationID)
            object.member("status", isFailure ? "error" : "success")
            if plan.shows(.input) { object.optional("input", parts[.input]) }
            if plan.shows(.output) { object.optional("output", parts[.output]) }
            if plan.shows(.error) { object.optional("error", parts[.error]) }
            if plan.shows(.caller) { object.optional("caller", parts[.caller]) }
            if plan.shows(.metadata) { object.optional("metadata", parts[.metadata]) }
            object.member("started_at_ms", startedAtMilliseconds)
            object.member("duration_ms", RawJSON(.number(JSONNumber(milliseconds) ?? JSONNumber(0))))
        }
    }
}
