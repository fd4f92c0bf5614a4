// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import Logging

/// What a call of the engine's own is asked for, and what waits for its answer.
enum Question: Sendable {
    /// A binding's condition: its function is called with `data` unless the answer is `false`.
    case condition(bindingID: String, data: RawJSON)
    /// Whether a guest is welcome.
    case admission(ConnectionID)
    /// Whether a guest's registration is welcome, and in which form.
    case registration(ConnectionID, Frame)
}

extension Hub {
    // MARK: Letting in

    /// Lets a new connection in, or asks first.
    mutating func receiveGuest(_ id: ConnectionID, _ visitor: Visitor) {
        guard let authentication = sessions[id]?.door.rules?.authentication else { return admit(id, AccessGrant()) }
        actions.append(.start(.admission(id), after: limits.handshake))
        let call = InvokeFunction(id: nil, functionID: authentication, data: visitor.json)
        do throws(CallFailure) {
            try hand(call, in: Self.defaultNamespace, caller: .question(.admission(id)), callerID: nil)
        } catch { refuse(id, error.message) }
    }

    private mutating func admit(_ id: ConnectionID, _ grant: AccessGrant) {
        guard let session = sessions[id], !session.isAdmitted else { return }
        sessions[id]?.isAdmitted = true
        if session.door.rules != nil { sessions[id]?.grant = grant }
        sessions[id]?.unheard = []
        sessions[id]?.waitingBytes = 0
        send(.workerRegistered(workerID: session.workerID, reattachToken: session.reattachToken), to: id)
        actions.append(.start(.namespaceGrace(id), after: limits.namespaceGrace))
        note(.debug, "worker connected", id, ["peer.address": "\(session.address ?? "unknown")"])
        fireWorkersAvailable("worker_connected", session.workerID)
        for frame in session.unheard { receive(frame, from: id) }
    }

    /// Keeps what a guest says before it is let in.
    mutating func keepUnheard(_ frame: Frame, from id: ConnectionID) {
        sessions[id]?.unheard.append(frame)
        sessions[id]?.waitingBytes += frame.cost
        if let bytes = sessions[id]?.waitingBytes, bytes > limits.waitingBytes { refuse(id, "too much was sent") }
    }

    /// The time to be let in is over.
    mutating func endAdmission(of id: ConnectionID) {
        if sessions[id]?.isAdmitted == false { refuse(id, "the authentication function did not answer in time") }
    }

    private mutating func refuse(_ id: ConnectionID, _ reason: String) {
        note(.warning, "connection refused", id, ["reason": "\(reason)"])
        send(.error(code: "AUTH_ERROR", message: reason), to: id)
        actions.append(.close(id, .policy))
        drop(id)
    }

    // MARK: Answers

    mutating func settle(_ question: Question, _ outcome: InvocationResult.Outcome) {
        switch (question, outcome) {
        case (.condition(let bindingID, let data), .success(let value)):
            if value?.description != "false" { deliver(data, to: bindingID) }
        case (.condition, .failure): break
        case (.admission(let id), .success(let value)):
            do throws(JSONShapeError) { admit(id, try AccessGrant(parsing: value)) } catch {
                refuse(id, "the authentication function's answer cannot be read: \(error.message)")
            }
        case (.admission(let id), .failure(let error)):
            refuse(id, error.member("message")?.string ?? "not authenticated")
        case (.registration(let id, let frame), .success(let value)): approve(frame.changed(by: value), from: id)
        case (.registration(let id, let frame), .failure(let error)):
            deny(frame, from: id, error.member("message")?.string ?? "registration denied")
        }
    }

    // MARK: Calling

    /// Whether a connection may call a function; its rules decide, in this order: forbidden, granted for the namespace,
    /// granted by name, needed by every worker, exposed.
    func mayCall(_ functionID: String, in namespace: String, from id: ConnectionID) -> Bool {
        guard let session = sessions[id], let rules = session.door.rules else { return true }
        let grant = session.grant
        if grant.forbidden.contains(where: { $0.matches(functionID) }) { return false }
        if grant.namespaces[namespace]?.contains(where: { $0.matches(functionID) }) == true { return true }
        if namespace == Self.defaultNamespace {
            if grant.allowed.contains(functionID) { return true }
            if ["engine::channels::create", "engine::workers::register"].contains(functionID) { return true }
            if functionID.hasPrefix("engine::log::") || functionID.hasPrefix("engine::baggage::") { return true }
        }
        let metadata = functions[namespace]?[functionID]?.registration.metadata
        return rules.exposes(functionID, in: namespace, metadata: metadata)
    }

    func checkAccess(_ functionID: String, in namespace: String, from id: ConnectionID) throws(CallFailure) {
        if mayCall(functionID, in: namespace, from: id) { return }
        throw CallFailure(
            code: "FORBIDDEN",
            message: "function '\(functionID)' not allowed (add to rbac.expose_functions)"
        )
    }

    /// What a listener's middleware is called with instead of the function that was asked for.
    func throughMiddleware(_ call: InvokeFunction, in namespace: String, from id: ConnectionID) -> InvokeFunction? {
        guard let session = sessions[id], let middleware = session.door.middleware else { return nil }
        var inner = call
        inner.functionID = middleware
        inner.namespace = nil
        inner.data = JSONBuilder.object { object in
            object.member("function_id", call.functionID)
            object.nullable("payload", call.data)
            object.nullable("action", call.action.json)
            object.member("context", session.grant.context)
            object.member("namespace", namespace)
        }
        return inner
    }

    // MARK: Registering

    /// Does a registration of a connection whose namespace is known, unless its rules forbid it or a hook is asked first.
    mutating func registerIfWelcome(_ frame: Frame, from id: ConnectionID, in namespace: String) {
        guard let session = sessions[id], let rules = session.door.rules else {
            return register(frame, from: id, in: namespace)
        }
        if let reason = refusal(of: frame, session, in: namespace, id) { return deny(frame, from: id, reason) }
        guard let (hook, data) = hook(for: frame, rules, session.grant) else { return approve(frame, from: id) }
        sessions[id]?.isAsking = true
        let call = InvokeFunction(id: nil, functionID: hook, data: data)
        do throws(CallFailure) {
            try hand(call, in: Self.defaultNamespace, caller: .question(.registration(id, frame)), callerID: nil)
        } catch { deny(frame, from: id, error.message) }
    }

    private func refusal(of frame: Frame, _ session: Session, in namespace: String, _ id: ConnectionID) -> String? {
        switch frame {
        case .registerFunction where !session.grant.mayRegisterFunctions: return "functions may not be registered"
        case .registerTriggerType where !session.grant.mayRegisterTriggerTypes:
            return "trigger types may not be registered"
        case .registerTrigger(let trigger):
            if let types = session.grant.triggerTypes, !types.contains(trigger.triggerType) {
                return "trigger type '\(trigger.triggerType)' not allowed"
            }
            let target = trigger.namespace ?? Self.defaultNamespace
            let isOwn = target == namespace && session.functions.contains(session.grant.outer(trigger.functionID))
            if isOwn || mayCall(trigger.functionID, in: target, from: id) { return nil }
            return "function '\(trigger.functionID)' not allowed (add to rbac.expose_functions)"
        default: return nil
        }
    }

    /// Holds a binding that is made by a call to the rules for bindings.
    func checkBinding(_ trigger: TriggerRegistration, asked id: ConnectionID) throws(CallFailure) {
        guard let session = sessions[id], session.door.rules != nil,
            let reason = refusal(of: .registerTrigger(trigger), session, in: session.namespace ?? "", id)
        else { return }
        throw CallFailure(code: "FORBIDDEN", message: reason)
    }

    private func hook(for frame: Frame, _ rules: AccessRules, _ grant: AccessGrant) -> (String, RawJSON)? {
        switch frame {
        case .registerFunction(let function):
            return rules.functionHook.map { hook in
                let data = JSONBuilder.object { object in
                    object.member("function_id", function.id)
                    object.optional("description", function.description)
                    object.optional("metadata", function.metadata)
                    object.member("context", grant.context)
                }
                return (hook, data)
            }
        case .registerTrigger(let trigger):
            return rules.triggerHook.map { hook in
                let data = JSONBuilder.object { object in
                    object.member("trigger_id", trigger.id)
                    object.member("trigger_type", trigger.triggerType)
                    object.member("function_id", trigger.functionID)
                    object.nullable("config", trigger.config)
                    object.optional("metadata", trigger.metadata)
                    object.member("context", grant.context)
                }
                return (hook, data)
            }
        case .registerTriggerType(let type):
            return rules.triggerTypeHook.map { hook in
                let data = JSONBuilder.object { object in
                    object.member("trigger_type_id", type.id)
                    object.member("description", type.description ?? "")
                    object.member("context", grant.context)
                }
                return (hook, data)
            }
        default: return nil
        }
    }

    /// Does a guest's registration under the names that others know, then what waited behind it.
    private mutating func approve(_ frame: Frame, from id: ConnectionID) {
        guard let session = sessions[id], let namespace = session.namespace else { return }
        register(frame.outer(session.grant, own: session.functions), from: id, in: namespace)
        goOn(id)
    }

    private mutating func deny(_ frame: Frame, from id: ConnectionID, _ reason: String) {
        note(.warning, "registration denied", id, ["frame.type": "\(frame.typeName)", "reason": "\(reason)"])
        if case .registerTrigger(let trigger) = frame {
            let result = TriggerRegistrationResult(
                id: trigger.id,
                triggerType: trigger.triggerType,
                functionID: trigger.functionID,
                error: CallFailure(code: "FORBIDDEN", message: reason).json
            )
            send(.triggerResult(result), to: id)
        }
        goOn(id)
    }

    /// Takes up the registrations that came while a hook was asked.
    private mutating func goOn(_ id: ConnectionID) {
        guard sessions[id]?.isAsking == true else { return }
        sessions[id]?.isAsking = false
        while let session = sessions[id], let namespace = session.namespace, !session.isAsking,
            let frame = session.waiting.first
        {
            sessions[id]?.waiting.removeFirst()
            sessions[id]?.waitingBytes -= frame.cost
            registerIfWelcome(frame, from: id, in: namespace)
        }
    }
}

extension InvokeFunction.Action {
    fileprivate var json: RawJSON? {
        switch self {
        case .call: nil
        case .void: JSONBuilder.object { $0.member("type", "void") }
        case .enqueue(let queue):
            JSONBuilder.object { object in
                object.member("type", "enqueue")
                object.member("queue", queue)
            }
        }
    }
}

extension Frame {
    /// The registration as a hook wants it; members that it leaves out stay.
    fileprivate func changed(by answer: RawJSON?) -> Frame {
        func text(_ key: String) -> String? { answer?.member(key)?.string }
        switch self {
        case .registerFunction(var function):
            function.id = text("function_id") ?? function.id
            function.description = text("description") ?? function.description
            function.metadata = answer?.member("metadata") ?? function.metadata
            return .registerFunction(function)
        case .registerTrigger(var trigger):
            trigger.id = text("trigger_id") ?? trigger.id
            trigger.triggerType = text("trigger_type") ?? trigger.triggerType
            trigger.functionID = text("function_id") ?? trigger.functionID
            trigger.config = answer?.member("config") ?? trigger.config
            return .registerTrigger(trigger)
        case .registerTriggerType(var type):
            type.id = text("trigger_type_id") ?? type.id
            type.description = text("description") ?? type.description
            return .registerTriggerType(type)
        default: return self
        }
    }

    /// The registration under the names that others know; `own` holds the guest's functions.
    fileprivate func outer(_ grant: AccessGrant, own: Set<String>) -> Frame {
        switch self {
        case .registerFunction(var function):
            function.id = grant.outer(function.id)
            return .registerFunction(function)
        case .unregisterFunction(let id): return .unregisterFunction(id: grant.outer(id))
        case .registerTrigger(var trigger):
            let outer = grant.outer(trigger.functionID)
            if own.contains(outer) { trigger.functionID = outer }
            return .registerTrigger(trigger)
        default: return self
        }
    }
}
