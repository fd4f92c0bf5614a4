// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import Logging

/// Registrations of those who may not register everything, and of guests, whose hooks change them.
extension Hub {
    /// Does a registration of a connection whose namespace is known, unless it may not, or a hook is asked first.
    mutating func registerIfWelcome(_ frame: Frame, from id: ConnectionID, in namespace: String) {
        guard let session = sessions[id], !session.isFree else { return register(frame, from: id, in: namespace) }
        if let reason = session.grant.refusal(of: frame), session.door.rules != nil {
            return deny(frame, from: id, reason)
        }
        guard let hook = session.door.rules?.hook(for: frame) else { return approve(frame, from: id) }
        sessions[id]?.isAsking = true
        let call = InvokeFunction(id: nil, functionID: hook, data: frame.question(in: session.grant.context))
        do throws(CallFailure) {
            try hand(call, in: Self.defaultNamespace, caller: .question(.registration(id, frame)), callerID: nil)
        } catch { deny(frame, from: id, error.message) }
    }

    /// Why a registration is not done, under the names that others know.
    private func refusal(of frame: Frame, from id: ConnectionID) -> String? {
        let asker = asker(id)
        switch frame {
        case .registerFunction(let function):
            if !policy.mayOffer(function.id, by: asker) { return "the name '\(function.id)' is another worker's" }
            guard function.invocation != nil, asker.identity == .guest, !asker.grant.mayRegisterEndpoints else {
                return nil
            }
            return "functions with an `invocation` may not be registered (`allow_invocation`)"
        case .registerTriggerType(let type):
            return policy.mayOffer(type.id, by: asker) ? nil : "the name '\(type.id)' is another worker's"
        case .registerTrigger(let trigger): return refusal(of: trigger, asker, id)
        default: return nil
        }
    }

    private func refusal(of trigger: TriggerRegistration, _ asker: BusPolicy.Asker, _ id: ConnectionID) -> String? {
        guard policy.mayHear(trigger.triggerType, by: asker) else {
            return "trigger type '\(trigger.triggerType)' not allowed"
        }
        let author = BindingAuthor(id: id, asker: asker)
        for name in trigger.reached {
            let function = function(name.id, in: name.namespace, seenFrom: id, asker.identity)
            if author.mayReach(name, policy, function) { continue }
            let isOwn = policy.mayPassOn(function, by: asker)
            return (isOwn ? policy.refusal(of: name.id, to: asker) : policy.refusal(ofPassingOn: name.id)).message
        }
        return nil
    }

    /// Holds a binding that is made by a call to the rules for bindings.
    func checkBinding(_ trigger: TriggerRegistration, asked id: ConnectionID) throws(CallFailure) {
        guard let session = sessions[id], !session.isFree else { return }
        let frame = Frame.registerTrigger(trigger)
        let blanket = session.door.rules == nil ? nil : session.grant.refusal(of: frame)
        guard let reason = blanket ?? refusal(of: frame.outer(session.grant, own: session.functions), from: id) else {
            return
        }
        throw CallFailure(code: CallFailure.forbidden, message: reason)
    }

    /// Does a registration under the names that others know, unless it may not be, then what waited behind it.
    mutating func approve(_ frame: Frame, from id: ConnectionID) {
        guard let session = sessions[id], let namespace = session.namespace else { return }
        let outer = frame.outer(session.grant, own: session.functions)
        if let reason = refusal(of: outer, from: id) { return deny(frame, from: id, reason) }
        register(outer, from: id, in: namespace)
        goOn(id)
    }

    mutating func deny(_ frame: Frame, from id: ConnectionID, _ reason: String) {
        note(.warning, "registration denied", id, ["frame.type": "\(frame.typeName)", "reason": "\(reason)"])
        if case .registerFunction(let function) = frame {
            let namespace = sessions[id]?.namespace ?? Self.defaultNamespace
            let rejection = RegistrationRejection(
                subject: .function(id: function.id),
                namespace: namespace,
                ownerWorkerID: ""
            )
            send(.registrationRejected(rejection), to: id)
        }
        if case .registerTrigger(let trigger) = frame {
            let result = TriggerRegistrationResult(
                id: trigger.id,
                triggerType: trigger.triggerType,
                functionID: trigger.functionID,
                error: CallFailure(code: CallFailure.forbidden, message: reason).json
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
            session.budget?.give(frame.cost)
            registerIfWelcome(frame, from: id, in: namespace)
        }
    }
}
