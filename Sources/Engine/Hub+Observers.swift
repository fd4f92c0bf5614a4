// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import Logging
import WorkerConfigurations

/// A function that is called with what becomes of the calls of another one.
struct Observer: Sendable {
    enum State: String, Sendable {
        /// It waits for its function, for the word of that function's worker, or for its target.
        case pending
        case active
        /// It was active, and its function or target is away.
        case suspended
        case error
        case disposed
    }

    /// Whoever observes: what is heard goes to a function on its behalf.
    let owner: ConnectionID
    /// Nil for those who may do everything.
    let asker: Boxed<BusPolicy.Asker>?
    /// Tells it from what had its id before.
    let stamp: UInt64
    let planBox: Boxed<ObserverPlan>
    var plan: ObserverPlan { planBox.value }
    var state = State.pending
    var hasBeenActive = false
    /// Why it may not be; nil while nothing is against it.
    var refusal: CallFailure?
    /// The worker of the function, where it takes part in observing; it has been told of this observer.
    var host: ConnectionID?
    var isAcknowledged = false
    var fires = 0
    var inFlight = 0
    /// Events that wait until calls of the target have ended.
    var queue: [ObservedEvent] = []
    var queuedBytes = 0

    init(owner: ConnectionID, asker: Boxed<BusPolicy.Asker>?, stamp: UInt64, plan: ObserverPlan) {
        self.owner = owner
        self.asker = asker
        self.stamp = stamp
        planBox = Boxed(plan)
    }
}

/// Who observes what: the life of observers.
extension Hub {
    /// What this engine can do besides what every engine does.
    static let features = [Observation.feature]

    mutating func receive(_ kind: Observation, saying text: RawJSON, from id: ConnectionID) {
        switch kind {
        case .observe: observe(text, from: id)
        case .unobserve:
            guard let observerID = text.member("id")?.string, observers[observerID]?.owner == id else { return }
            removeObserver(observerID)
        case .acknowledgement: acknowledgeObserver(text, from: id)
        case .report: takeReports(text, from: id)
        case .statistics, .answer, .stateChanged, .functionRegistered, .observerAdded, .observerRemoved: break
        }
    }

    private mutating func observe(_ text: RawJSON, from id: ConnectionID) {
        guard let observerID = text.member("id")?.string, let session = sessions[id] else { return }
        do throws(CallFailure) {
            if let before = observers[observerID] {
                guard before.owner == id else { throw .observerTaken(observerID) }
                // Said again: it goes on as it is.
                if before.plan.text == text {
                    return answer(id, about: observerID, before.state, because: before.refusal)
                }
                removeObserver(observerID)
            }
            guard hasRoom(session.observers.count) else { throw .invalidObserver("this worker has too many observers") }
            var plan = try ObserverPlan(text)
            plan.source.id = ownName(plan.source.id, of: session)
            plan.target.id = ownName(plan.target.id, of: session)
            let cost = text.byteCount + 512
            guard keep(cost, insteadOf: 0, for: id) else { throw .invalidObserver("the engine has no room for it") }
            add(plan, as: observerID, of: id)
        } catch { answer(id, about: observerID, .error, because: error) }
    }

    /// The name that others know a function by, where it is a guest's own.
    private func ownName(_ functionID: String, of session: Session) -> String {
        let outer = session.grant.outer(functionID)
        return session.functions.contains(outer) ? outer : functionID
    }

    private mutating func add(_ plan: ObserverPlan, as observerID: String, of id: ConnectionID) {
        lastStamp += 1
        let asker = sessions[id]?.isFree == false ? Boxed(asker(id)) : nil
        observers[observerID] = Observer(owner: id, asker: asker, stamp: lastStamp, plan: plan)
        sessions[id]?.observers.insert(observerID)
        watchers[plan.source, default: []].append(observerID)
        targets[plan.target, default: []].insert(observerID)
        attach(observerID)
        let (state, reason) = situation(of: observerID)
        set(observerID, to: state)
        answer(id, about: observerID, state, because: reason)
        if let expiry = plan.expiry {
            actions.append(.start(.observerExpires(observerID, stamp: lastStamp), after: expiry))
        }
    }

    mutating func expireObserver(_ observerID: String, stamp: UInt64) {
        guard observers[observerID]?.stamp == stamp else { return }
        dispose(observerID, because: CallFailure(code: "EXPIRED", message: "its time is over"))
    }

    /// Ends an observer and tells whoever observes why.
    mutating func dispose(_ observerID: String, because reason: CallFailure) {
        guard let observer = observers[observerID] else { return }
        removeObserver(observerID)
        tell(observer.owner, of: observerID, .disposed, because: reason, fires: observer.fires)
    }

    mutating func removeObserver(_ observerID: String) {
        detach(observerID)
        guard let observer = observers.removeValue(forKey: observerID) else { return }
        let plan = observer.plan
        sessions[observer.owner]?.observers.remove(observerID)
        if sessions[observer.owner] != nil { _ = keep(0, insteadOf: plan.text.byteCount + 512, for: observer.owner) }
        for event in observer.queue { giveBack(event) }
        watchers[plan.source]?.removeAll { $0 == observerID }
        if watchers[plan.source]?.isEmpty == true { watchers[plan.source] = nil }
        targets[plan.target]?.remove(observerID)
        if targets[plan.target]?.isEmpty == true { targets[plan.target] = nil }
    }

    // MARK: Functions come and go

    /// A function has been registered: its observers are told to its worker, and it is there for those that call it.
    mutating func observersMeet(_ name: FunctionName) {
        guard let owner = functions[name.namespace]?[name.id]?.owner else { return }
        let speaks = sessions[owner]?.observes == true
        for observerID in watchers[name] ?? [] { attach(observerID, isTold: false) }
        if speaks { confirm(name, to: owner) }
        for observerID in (watchers[name] ?? []) + (targets[name] ?? []).sorted() { refresh(observerID) }
    }

    mutating func observersLose(_ name: FunctionName) {
        for observerID in watchers[name] ?? [] {
            observers[observerID]?.host = nil
            observers[observerID]?.isAcknowledged = false
        }
        for observerID in (watchers[name] ?? []) + (targets[name] ?? []).sorted() { refresh(observerID) }
    }

    /// Tells a worker that its function is registered, with all that observe it.
    mutating func confirm(_ name: FunctionName, to id: ConnectionID) {
        let attached = (watchers[name] ?? []).filter { observers[$0]?.host == id }
        let inner = sessions[id]?.grant.inner(name.id) ?? name.id
        let revision = nextRevision()
        let frame = Self.frame(.functionRegistered) { object in
            object.member("id", inner)
            object.member("namespace", name.namespace)
            object.member("revision", revision)
            object.member("local_dispatch", false)
            object.key("observers")
            object.array(attached) { array, observerID in array.object { self.write(observerID, to: &$0) } }
        }
        send(frame, to: id)
    }

    /// The rights have changed: what may not be observed any more is not, and what may be now is.
    mutating func reconsiderObservers() {
        for observerID in observers.keys.sorted() where observers[observerID]?.asker != nil {
            let before = observers[observerID]?.refusal
            let now = admission(of: observerID)
            guard (before == nil) != (now == nil) else { continue }
            if now != nil { detach(observerID) } else { attach(observerID) }
            observers[observerID]?.refusal = now
            refresh(observerID)
        }
    }

    // MARK: Between an observer and the worker of its function

    /// Puts an observer to the worker of its function, if that is there and takes part.
    private mutating func attach(_ observerID: String, isTold: Bool = true) {
        guard let name = observers[observerID]?.plan.source else { return }
        let refusal = admission(of: observerID)
        observers[observerID]?.refusal = refusal
        observers[observerID]?.isAcknowledged = false
        observers[observerID]?.host = nil
        guard refusal == nil, let owner = functions[name.namespace]?[name.id]?.owner, sessions[owner]?.observes == true
        else { return }
        observers[observerID]?.host = owner
        guard isTold else { return }
        tell(.observerAdded, about: name, to: owner) { hub, object in
            object.key("observer")
            object.object { hub.write(observerID, to: &$0) }
        }
    }

    private mutating func detach(_ observerID: String) {
        guard let observer = observers[observerID], let host = observer.host else { return }
        observers[observerID]?.host = nil
        observers[observerID]?.isAcknowledged = false
        tell(.observerRemoved, about: observer.plan.source, to: host) { _, object in object.member("id", observerID) }
    }

    /// Tells a worker of an observer of one of its functions.
    private mutating func tell(
        _ kind: Observation,
        about name: FunctionName,
        to id: ConnectionID,
        holding body: (Hub, inout JSONBuilder) -> Void
    ) {
        let inner = sessions[id]?.grant.inner(name.id) ?? name.id
        let revision = nextRevision()
        let frame = Self.frame(kind) { object in
            object.member("function_id", inner)
            object.member("namespace", name.namespace)
            object.member("revision", revision)
            body(self, &object)
        }
        send(frame, to: id)
    }

    /// Workers take only what has a higher number than what they know.
    private mutating func nextRevision() -> UInt64 {
        lastStamp += 1
        return lastStamp
    }

    private mutating func acknowledgeObserver(_ text: RawJSON, from id: ConnectionID) {
        guard let observerID = text.member("id")?.string, observers[observerID]?.host == id else { return }
        if let error = text.member("error") {
            observers[observerID]?.refusal = CallFailure(
                code: error.member("code")?.string ?? "OBSERVE_REJECTED",
                message: error.member("message")?.string ?? "the function's worker refused it"
            )
            detach(observerID)
        } else {
            observers[observerID]?.isAcknowledged = true
        }
        refresh(observerID)
    }

    /// Why an observer may not be; nil where it may.
    private func admission(of observerID: String) -> CallFailure? {
        guard let observer = observers[observerID] else { return nil }
        let plan = observer.plan
        let entry = functions[plan.source.namespace]?[plan.source.id]
        let manner = ObserveManner(entry?.registration)
        let isLocal = plan.source.namespace == Self.defaultNamespace && localFunctions[plan.source.id] != nil
        if isBuiltin(plan.source) || !manner.isAllowed || (isLocal && observer.asker != nil) {
            return CallFailure(code: "NOT_OBSERVABLE", message: "function '\(plan.source.id)' is not to be observed")
        }
        if let asker = observer.asker?.value, !(policy.rights.isPermissive && asker.identity.name != nil) {
            let source = function(plan.source.id, in: plan.source.namespace, seenFrom: observer.owner, asker.identity)
            guard policy.mayObserve(source, isOffered: manner.isOwnerDelivered, by: asker).isAllowed else {
                return policy.refusal(ofObserving: plan.source.id, to: asker)
            }
            let target = function(plan.target.id, in: plan.target.namespace, seenFrom: observer.owner, asker.identity)
            guard policy.mayCall(target, by: asker).isAllowed else {
                return policy.refusal(of: plan.target.id, to: asker)
            }
        }
        guard entry != nil else { return nil }
        return Self.problem(of: plan.args, with: manner)
    }

    private static func problem(of args: RawJSON?, with manner: ObserveManner) -> CallFailure? {
        func invalid(_ reason: String) -> CallFailure { CallFailure(code: "INVALID_ARGS", message: reason) }
        guard manner.isOwnerDelivered else {
            return args == nil ? nil : invalid("`args` are for functions whose worker hands over events itself")
        }
        guard let format = manner.argsFormat else { return nil }
        guard let value = (args ?? .emptyObject).value() else { return invalid("`args` are no JSON that can be read") }
        let problems = SchemaCheck(format).problems(of: value)
        return problems.isEmpty ? nil : invalid(problems.joined(separator: "; "))
    }

    private func isBuiltin(_ name: FunctionName) -> Bool {
        name.namespace == Self.defaultNamespace && BuiltinFunction(rawValue: name.id) != nil
    }

    private func isThere(_ name: FunctionName) -> Bool {
        functions[name.namespace]?[name.id] != nil
            || (name.namespace == Self.defaultNamespace && localFunctions[name.id] != nil)
    }

    // MARK: States

    private func situation(of observerID: String) -> (Observer.State, CallFailure?) {
        guard let observer = observers[observerID] else { return (.disposed, nil) }
        if let refusal = observer.refusal { return (.error, refusal) }
        let away: Observer.State = observer.hasBeenActive ? .suspended : .pending
        guard isThere(observer.plan.source) else { return (away, .away("OWNER_GONE", without: observer.plan.source)) }
        if observer.host != nil, !observer.isAcknowledged { return (away, nil) }
        guard isThere(observer.plan.target) else { return (away, .away("TARGET_GONE", without: observer.plan.target)) }
        return (.active, nil)
    }

    private mutating func refresh(_ observerID: String) {
        guard let observer = observers[observerID] else { return }
        let (state, reason) = situation(of: observerID)
        guard state != observer.state else { return }
        set(observerID, to: state)
        tell(observer.owner, of: observerID, state, because: reason, fires: observer.fires)
    }

    private mutating func set(_ observerID: String, to state: Observer.State) {
        observers[observerID]?.state = state
        if state == .active { observers[observerID]?.hasBeenActive = true }
    }

    // MARK: Words

    private mutating func answer(
        _ id: ConnectionID,
        about observerID: String,
        _ state: Observer.State,
        because error: CallFailure?
    ) {
        let frame = Self.frame(.answer) { object in
            object.member("id", observerID)
            object.member("state", state.rawValue)
            if state == .error { object.optional("error", error?.json) }
        }
        send(frame, to: id)
    }

    private mutating func tell(
        _ id: ConnectionID,
        of observerID: String,
        _ state: Observer.State,
        because reason: CallFailure?,
        fires: Int
    ) {
        let frame = Self.frame(.stateChanged) { object in
            object.member("id", observerID)
            object.member("state", state.rawValue)
            object.optional("reason", reason?.json)
            object.member("fires", fires)
        }
        send(frame, to: id)
    }

    private static func frame(_ kind: Observation, holding body: (inout JSONBuilder) -> Void) -> Frame {
        let text = JSONBuilder.object { object in
            object.member("type", kind.rawValue)
            body(&object)
        }
        return .observation(kind, text)
    }

    /// An observer as the worker of its function sees it: not who observes, and under which conditions.
    private func write(_ observerID: String, to object: inout JSONBuilder) {
        guard let plan = observers[observerID]?.plan else { return }
        object.member("id", observerID)
        object.member("args", plan.args ?? .emptyObject)
        object.member("filters", plan.filters)
        object.member("target", plan.target.id)
        object.key("capture")
        object.array(plan.capture.map(\.rawValue).sorted()) { $0.value($1) }
        object.member("on", plan.occasion.rawValue)
    }
}

extension CallFailure {
    fileprivate static func observerTaken(_ id: String) -> CallFailure {
        .invalidObserver("the id `\(id)` is another worker's")
    }

    fileprivate static func away(_ code: String, without name: FunctionName) -> CallFailure {
        CallFailure(code: code, message: "function '\(name.id)' is not registered")
    }
}
