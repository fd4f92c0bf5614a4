// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import Logging

/// A kind of trigger and who provides it.
struct TriggerType: Sendable {
    /// Nil for the engine's own process.
    let owner: ConnectionID?
    /// The worker of the engine's own process that provides it.
    var localWorker: String?
    var registration: TriggerTypeRegistration
}

/// A function bound to a trigger.
struct Binding: Sendable {
    let registration: TriggerRegistration
    /// Nil for bindings that were made by `engine::register_trigger` and outlive whoever made them.
    let owner: ConnectionID?
    /// The namespace in which its type is looked for before `default`.
    let home: String
    /// Whoever made it; nil for those who may bind everything.
    let author: Boxed<BindingAuthor>?
    /// The namespace of the type that serves it; nil while there is none.
    var provider: String?

    /// Against whose budget it is held, as long as that connection lasts.
    var budgeted: ConnectionID? { author == nil ? nil : owner ?? author?.value.id }
    var cost: Int { Frame.registerTrigger(registration).cost }
    var target: String { registration.namespace ?? Hub.defaultNamespace }
    /// What may be called because of it: its function, and the one that says whether.
    var reached: [FunctionName] { registration.reached }
}

extension Hub {
    // MARK: Types

    mutating func register(_ type: TriggerTypeRegistration, from id: ConnectionID, in namespace: String) {
        if let holder = triggerTypes[namespace]?[type.id], holder.owner != id {
            return note(.warning, "trigger type is taken", id, ["trigger.type": "\(type.id)"])
        }
        guard hasRoom(sessions[id]?.triggerTypes.count) else { return }
        let before = triggerTypes[namespace]?[type.id].map { Frame.registerTriggerType($0.registration).cost } ?? 0
        guard keep(Frame.registerTriggerType(type).cost, insteadOf: before, for: id) else { return }
        triggerTypes[namespace, default: [:]][type.id] = TriggerType(owner: id, registration: type)
        sessions[id]?.triggerTypes.insert(type.id)
        for (bindingID, binding) in sortedBindings where binding.registration.triggerType == type.id {
            guard provider(of: binding) == namespace else { continue }
            if binding.provider != namespace { deactivate(bindingID) }
            activate(bindingID)
        }
    }

    mutating func unregisterType(_ typeID: String, from id: ConnectionID, in namespace: String) {
        guard sessions[id]?.triggerTypes.remove(typeID) != nil else { return }
        let cost = triggerTypes[namespace]?[typeID].map { Frame.registerTriggerType($0.registration).cost } ?? 0
        _ = keep(0, insteadOf: cost, for: id)
        removeType(typeID, in: namespace)
    }

    /// Takes a type away; its bindings go to the type of that name in `default`, or wait.
    mutating func removeType(_ typeID: String, in namespace: String) {
        triggerTypes[namespace]?[typeID] = nil
        if triggerTypes[namespace]?.isEmpty == true { triggerTypes[namespace] = nil }
        for (bindingID, binding) in sortedBindings
        where binding.registration.triggerType == typeID && binding.provider == namespace {
            bindings[bindingID]?.provider = nil
            activate(bindingID)
        }
    }

    // MARK: Bindings

    mutating func bind(_ trigger: TriggerRegistration, from id: ConnectionID, in namespace: String) {
        do throws(CallFailure) {
            try checkBinding(trigger, from: id)
        } catch {
            let result = TriggerRegistrationResult(
                id: trigger.id,
                triggerType: trigger.triggerType,
                functionID: trigger.functionID,
                error: error.json
            )
            return send(.triggerResult(result), to: id)
        }
        if bindings[trigger.id] != nil { removeBinding(trigger.id) }
        sessions[id]?.bindings.insert(trigger.id)
        add(Binding(registration: trigger, owner: id, home: namespace, author: author(id)))
    }

    mutating func add(_ binding: Binding) {
        let id = binding.registration.id
        bindings[id] = binding
        if let owner = binding.budgeted { _ = keep(binding.cost, insteadOf: 0, for: owner) }
        if binding.author != nil {
            for name in binding.reached { heldBindings[name, default: []].insert(id) }
        }
        activate(id)
    }

    func author(_ id: ConnectionID) -> Boxed<BindingAuthor>? {
        sessions[id]?.isFree == false ? Boxed(BindingAuthor(id: id, asker: asker(id))) : nil
    }

    private func checkBinding(_ trigger: TriggerRegistration, from id: ConnectionID) throws(CallFailure) {
        for namespace in [trigger.namespace, trigger.triggerNamespace].compactMap({ $0 })
        where !Self.isNamespace(namespace) { throw .invalidNamespace }
        if let binding = bindings[trigger.id], binding.owner != id {
            throw .triggerRefused("the trigger id `\(trigger.id)` is in use")
        }
        guard hasRoom(sessions[id]?.bindings.count) else { throw .triggerRefused("too many triggers") }
        if let budget = sessions[id]?.budget, !budget.hasRoom(for: Frame.registerTrigger(trigger).cost) {
            throw .overBudget(budget)
        }
    }

    mutating func unbind(_ bindingID: String, from id: ConnectionID) {
        guard bindings[bindingID]?.owner == id else { return }
        sessions[id]?.bindings.remove(bindingID)
        removeBinding(bindingID)
    }

    mutating func removeBinding(_ bindingID: String) {
        deactivate(bindingID)
        guard let binding = bindings.removeValue(forKey: bindingID), binding.author != nil else { return }
        if let owner = binding.budgeted { _ = keep(0, insteadOf: binding.cost, for: owner) }
        for name in binding.reached {
            heldBindings[name]?.remove(bindingID)
            if heldBindings[name]?.isEmpty == true { heldBindings[name] = nil }
        }
    }

    /// Hands a binding to the type that serves it now, if there is one.
    mutating func activate(_ bindingID: String) {
        guard let binding = bindings[bindingID], let namespace = provider(of: binding),
            let type = triggerTypes[namespace]?[binding.registration.triggerType]
        else { return }
        bindings[bindingID]?.provider = namespace
        guard let owner = type.owner else {
            engineBindings.insert(bindingID)
            return
        }
        var sent = binding.registration
        sent.namespace = binding.target == Self.defaultNamespace ? nil : binding.target
        sent.triggerNamespace = namespace == Self.defaultNamespace ? nil : namespace
        send(.registerTrigger(sent), to: owner)
    }

    private mutating func deactivate(_ bindingID: String) {
        guard let binding = bindings[bindingID], let namespace = binding.provider else { return }
        bindings[bindingID]?.provider = nil
        engineBindings.remove(bindingID)
        let type = binding.registration.triggerType
        guard let owner = triggerTypes[namespace]?[type]?.owner else { return }
        send(.unregisterTrigger(id: bindingID, triggerType: type), to: owner)
    }

    /// The namespace whose type should serve a binding.
    private func provider(of binding: Binding) -> String? {
        let type = binding.registration.triggerType
        if let asked = binding.registration.triggerNamespace { return triggerTypes[asked]?[type] == nil ? nil : asked }
        return [binding.home, Self.defaultNamespace].first { triggerTypes[$0]?[type] != nil }
    }

    private var sortedBindings: [(String, Binding)] { bindings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }

    // MARK: Acknowledgements

    /// A provider took a binding, or refused it.
    mutating func acknowledge(_ result: TriggerRegistrationResult, from id: ConnectionID) {
        guard let binding = bindings[result.id], let namespace = binding.provider,
            triggerTypes[namespace]?[binding.registration.triggerType]?.owner == id
        else { return }
        let waiting = acknowledgements.removeValue(forKey: result.id)
        guard let error = result.error else {
            if let waiting { reply(.success(Self.bindingID(result.id)), to: waiting) }
            return
        }
        // Refused: it waits until its type registers again.
        bindings[result.id]?.provider = nil
        if let owner = binding.owner { send(.triggerResult(result), to: owner) }
        guard let waiting else { return }
        removeBinding(result.id)
        let reason = error.member("message")?.string ?? "the provider refused the trigger"
        reply(.failure(CallFailure.triggerRefused(reason).json), to: waiting)
    }

    /// A provider that says nothing has accepted.
    mutating func acceptAcknowledgement(of bindingID: String) {
        guard let waiting = acknowledgements.removeValue(forKey: bindingID) else { return }
        reply(.success(Self.bindingID(bindingID)), to: waiting)
    }

    static func bindingID(_ id: String) -> RawJSON { JSONBuilder.object { $0.member("id", id) } }
}

extension TriggerRegistration {
    /// The function that it names, and the condition beside it.
    var reached: [FunctionName] {
        let namespace = namespace ?? Hub.defaultNamespace
        let condition = config?.member("condition_function_id")?.string
        return [functionID, condition].compactMap { id in id.map { FunctionName(namespace: namespace, id: $0) } }
    }
}

extension CallFailure {
    static func triggerRefused(_ reason: String) -> CallFailure {
        CallFailure(code: "trigger_registration_failed", message: reason)
    }
}
