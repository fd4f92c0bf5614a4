// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import Logging

/// The engine's own trigger types.
enum DiscoveryEvent: String, CaseIterable {
    case workersAvailable = "engine::workers-available"
    case functionsAvailable = "engine::functions-available"

    var description: String {
        switch self {
        case .workersAvailable: "A worker connected, announced itself, or disconnected."
        case .functionsAvailable: "Functions were registered or went away."
        }
    }
}

extension Hub {
    mutating func installTriggerTypes() {
        let own = DiscoveryEvent.allCases.map {
            TriggerTypeRegistration(id: $0.rawValue, description: $0.description)
        }
        for (worker, types) in [(Self.ownWorker, own)] + localWorkers.map({ ($0.name, $0.triggerTypes) }) {
            for type in types {
                triggerTypes[Self.defaultNamespace, default: [:]][type.id] = TriggerType(
                    owner: nil,
                    localWorker: worker,
                    registration: type
                )
            }
        }
    }

    mutating func fireWorkersAvailable(_ event: String, _ workerID: String) {
        guard !engineBindings.isEmpty else { return }
        fire(
            .workersAvailable,
            JSONBuilder.object { object in
                object.member("event", event)
                object.member("worker_id", workerID)
            }
        )
    }

    /// Remembers to tell of a change of the function table, once for many.
    mutating func functionsChanged() {
        guard !isFunctionsTimerRunning else { return }
        isFunctionsTimerRunning = true
        actions.append(.start(.functionsChanged, after: limits.functionsChangedDelay))
    }

    mutating func publishFunctions() {
        isFunctionsTimerRunning = false
        let present = Set(
            functions.flatMap { space in space.value.keys.map { FunctionName(namespace: space.key, id: $0) } }
        )
        guard present != publishedFunctions else { return }
        publishedFunctions = present
        guard !engineBindings.isEmpty else { return }
        fire(.functionsAvailable, functionsChanged(for: nil))
    }

    /// The functions that are there, as one who hears of them may know them; nil for all.
    private func functionsChanged(for author: BindingAuthor?) -> RawJSON {
        let rows = functionRows(FunctionFilter(includesInternal: true)).filter { row in
            guard let author else { return true }
            let function = function(row.registration.id, in: row.namespace, seenFrom: author.id, author.identity)
            return policy.mayCall(function, by: author.asker).isAllowed
        }
        return JSONBuilder.object { object in
            object.member("event", "functions_changed")
            object.key("functions")
            object.array(rows) { array, row in array.object { row.write(to: &$0) } }
        }
    }

    private mutating func fire(_ event: DiscoveryEvent, _ data: RawJSON) {
        fire(LocalEvent(triggerType: event.rawValue, data: data))
    }

    /// Calls every function that is bound to an event, those with a condition once that has said yes.
    mutating func fire(_ event: LocalEvent) {
        for bindingID in engineBindings.sorted() {
            guard let binding = bindings[bindingID], binding.registration.triggerType == event.triggerType,
                event.matches(binding.registration.config)
            else { continue }
            var event = event
            if let author = binding.author?.value {
                guard policy.rights.isPermissive || policy.mayHear(event, by: author.asker) else { continue }
                if event.triggerType == DiscoveryEvent.functionsAvailable.rawValue {
                    event = LocalEvent(triggerType: event.triggerType, data: functionsChanged(for: author))
                }
            }
            guard let condition = binding.registration.config?.member("condition_function_id")?.string else {
                deliver(event.data, to: bindingID)
                continue
            }
            let question = InvokeFunction(id: nil, functionID: condition, data: event.data)
            let caller = Question.condition(bindingID: bindingID, data: event.data)
            handOrNote(question, because: binding, caller: .question(caller))
        }
    }

    /// Calls the function of a binding.
    mutating func deliver(_ data: RawJSON, to bindingID: String) {
        guard let binding = bindings[bindingID] else { return }
        let call = InvokeFunction(
            id: nil,
            functionID: binding.registration.functionID,
            data: data,
            metadata: binding.registration.metadata
        )
        handOrNote(call, because: binding, caller: .nobody)
    }

    /// Calls what a binding reaches, as whoever made it.
    private mutating func handOrNote(_ call: InvokeFunction, because binding: Binding, caller: OpenCall.Caller) {
        do throws(CallFailure) {
            var asking = BusCaller.owner
            if let author = binding.author?.value {
                let function = function(call.functionID, in: binding.target, seenFrom: author.id, author.identity)
                let decision = policy.mayBind(function, by: author.asker)
                asking = self.caller(decision, author.identity)
                guard decision.isAllowed || policy.rights.isPermissive else {
                    throw policy.refusal(of: call.functionID, to: author.asker)
                }
            }
            try hand(call, in: binding.target, caller: caller, callerID: nil, as: asking)
        } catch {
            note(.debug, "trigger fired for a function that cannot be called", nil, ["error.code": "\(error.code)"])
        }
    }
}
