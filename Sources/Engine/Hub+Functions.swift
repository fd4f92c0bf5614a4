// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import Logging

/// A function of a connected worker.
struct RegisteredFunction: Sendable {
    let owner: ConnectionID
    var registration: FunctionRegistration
}

/// A function of the engine's own process, beside the built-in ones.
struct LocalEntry: Sendable {
    let worker: String
    let function: LocalFunction
}

extension Hub {
    mutating func register(_ function: FunctionRegistration, from id: ConnectionID, in namespace: String) {
        if let owner = owner(of: function.id, in: namespace, besides: id) {
            let rejection = RegistrationRejection(
                subject: .function(id: sessions[id]?.grant.inner(function.id) ?? function.id),
                namespace: namespace,
                ownerWorkerID: owner
            )
            note(.warning, "function is taken", id, ["function.id": "\(function.id)", "namespace": "\(namespace)"])
            return send(.registrationRejected(rejection), to: id)
        }
        guard sessions[id]?.functions.contains(function.id) == true || hasRoom(sessions[id]?.functions.count) else {
            return note(.warning, "too many functions on one connection", id, ["function.id": "\(function.id)"])
        }
        functions[namespace, default: [:]][function.id] = RegisteredFunction(owner: id, registration: function)
        sessions[id]?.functions.insert(function.id)
        functionsChanged()
    }

    mutating func unregister(_ functionID: String, from id: ConnectionID, in namespace: String) {
        guard sessions[id]?.functions.remove(functionID) != nil else { return }
        removeFunction(functionID, in: namespace)
    }

    mutating func removeFunction(_ functionID: String, in namespace: String) {
        functions[namespace]?[functionID] = nil
        if functions[namespace]?.isEmpty == true { functions[namespace] = nil }
        functionsChanged()
    }

    func hasRoom(_ count: Int?) -> Bool { (count ?? 0) < limits.registrations }

    /// The worker id of whoever has a function already, empty for the engine itself; nil where it is free.
    private func owner(of functionID: String, in namespace: String, besides id: ConnectionID) -> String? {
        let isReserved =
            namespace == Self.defaultNamespace
            ? BuiltinFunction(rawValue: functionID) != nil || localFunctions[functionID] != nil
            : functionID.hasPrefix("engine::")
        if isReserved { return "" }
        guard let entry = functions[namespace]?[functionID], entry.owner != id else { return nil }
        return sessions[entry.owner]?.workerID
    }
}
