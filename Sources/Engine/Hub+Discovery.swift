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
        for event in DiscoveryEvent.allCases {
            let type = TriggerTypeRegistration(id: event.rawValue, description: event.description)
            triggerTypes[Self.defaultNamespace, default: [:]][event.rawValue] = TriggerType(
                owner: nil,
                registration: type
            )
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
        let rows = functionRows(FunctionFilter(includesInternal: true))
        fire(
            .functionsAvailable,
            JSONBuilder.object { object in
                object.member("event", "functions_changed")
                object.key("functions")
                object.array(rows) { array, row in array.object { row.write(to: &$0) } }
            }
        )
    }

    private mutating func fire(_ event: DiscoveryEvent, _ data: RawJSON) {
        for bindingID in engineBindings.sorted() {
            guard let binding = bindings[bindingID], binding.registration.triggerType == event.rawValue else {
                continue
            }
            let call = InvokeFunction(
                id: nil,
                functionID: binding.registration.functionID,
                data: data,
                metadata: binding.registration.metadata
            )
            do throws(CallFailure) {
                try hand(call, in: binding.target, caller: .nobody, callerID: nil)
            } catch {
                note(.debug, "trigger fired for a function that cannot be called", nil, ["error.code": "\(error.code)"])
            }
        }
    }
}
