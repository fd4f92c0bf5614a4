// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import Logging

/// A function of a connected worker.
struct RegisteredFunction: Sendable {
    let owner: ConnectionID
    /// Tells it from what the table held under its name before.
    let stamp: UInt64
    let isEndpoint: Bool
    private let registrationBox: Boxed<FunctionRegistration>

    var registration: FunctionRegistration { registrationBox.value }

    init(owner: ConnectionID, stamp: UInt64, registration: FunctionRegistration) {
        self.owner = owner
        self.stamp = stamp
        isEndpoint = registration.invocation != nil
        registrationBox = Boxed(registration)
    }
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
        let before = functions[namespace]?[function.id].map { Frame.registerFunction($0.registration).cost } ?? 0
        guard keep(Frame.registerFunction(function).cost, insteadOf: before, for: id) else {
            return note(.warning, "no room for a function", id, ["function.id": "\(function.id)"])
        }
        lastStamp += 1
        functions[namespace, default: [:]][function.id] =
            RegisteredFunction(owner: id, stamp: lastStamp, registration: function)
        sessions[id]?.functions.insert(function.id)
        let name = FunctionName(namespace: namespace, id: function.id)
        holdBindings(of: name)
        if sessions[id]?.observes == true || !observers.isEmpty { observersMeet(name) }
        functionsChanged()
    }

    mutating func unregister(_ functionID: String, from id: ConnectionID, in namespace: String) {
        guard sessions[id]?.functions.remove(functionID) != nil else { return }
        let cost = functions[namespace]?[functionID].map { Frame.registerFunction($0.registration).cost } ?? 0
        _ = keep(0, insteadOf: cost, for: id)
        removeFunction(functionID, in: namespace)
    }

    mutating func removeFunction(_ functionID: String, in namespace: String) {
        functions[namespace]?[functionID] = nil
        if functions[namespace]?.isEmpty == true { functions[namespace] = nil }
        if !observers.isEmpty { observersLose(FunctionName(namespace: namespace, id: functionID)) }
        functionsChanged()
    }

    /// Takes note of what a connection has registered; false where its worker's budget has no room.
    mutating func keep(_ cost: Int, insteadOf before: Int, for id: ConnectionID) -> Bool {
        guard let session = sessions[id] else { return false }
        if let budget = session.budget {
            guard cost <= before || budget.take(cost - before) else { return false }
            if cost < before { budget.give(before - cost) }
        }
        sessions[id]?.registeredBytes += cost - before
        return true
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
