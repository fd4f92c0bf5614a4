// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import Logging

/// Registrations of guests, which rules forbid and hooks change.
extension Hub {
    /// Does a registration of a connection whose namespace is known, unless its rules forbid it or a hook is asked first.
    mutating func registerIfWelcome(_ frame: Frame, from id: ConnectionID, in namespace: String) {
        guard let session = sessions[id], let rules = session.door.rules else {
            return register(frame, from: id, in: namespace)
        }
        if let reason = refusal(of: frame, session, in: namespace, id) { return deny(frame, from: id, reason) }
        guard let hook = rules.hook(for: frame) else { return approve(frame, from: id) }
        sessions[id]?.isAsking = true
        let call = InvokeFunction(id: nil, functionID: hook, data: frame.question(in: session.grant.context))
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

    /// Does a guest's registration under the names that others know, then what waited behind it.
    mutating func approve(_ frame: Frame, from id: ConnectionID) {
        guard let session = sessions[id], let namespace = session.namespace else { return }
        register(frame.outer(session.grant, own: session.functions), from: id, in: namespace)
        goOn(id)
    }

    mutating func deny(_ frame: Frame, from id: ConnectionID, _ reason: String) {
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
