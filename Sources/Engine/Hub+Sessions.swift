// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import Logging

extension Hub {
    static func isNamespace(_ text: String) -> Bool {
        // Nearly always: a letter in the first place, which needs no tables to be told.
        if let first = text.utf8.first, first > 0x20, first < 0x7F { return true }
        return !text.allSatisfy(\.isWhitespace)
    }

    mutating func connect(
        _ id: ConnectionID,
        _ visitor: Visitor,
        _ door: Door,
        _ identity: BusIdentity,
        at milliseconds: Int64
    ) {
        let session = Session(
            workerID: makeID(),
            reattachToken: makeID(),
            address: visitor.address,
            connectedAt: milliseconds,
            door: door,
            identity: identity,
            messageBytes: limits.messages.messageBytes,
            budget: budgets.budget(of: identity)
        )
        policy.named.formUnion(door.named)
        sessions[id] = session
        connections[session.workerID] = id
        receiveGuest(id, visitor)
    }

    /// Registers at once where the namespace is known, later where it is not.
    mutating func registerOrWait(_ frame: Frame, from id: ConnectionID) {
        if let session = sessions[id], let namespace = session.namespace, !session.isAsking {
            return registerIfWelcome(frame, from: id, in: namespace)
        }
        sessions[id]?.waiting.append(frame)
        sessions[id]?.waitingBytes += frame.cost
        guard let session = sessions[id] else { return }
        session.budget?.force(frame.cost)
        guard session.waitingBytes > limits.waitingBytes || session.budget?.hasRoom(for: 0) == false else { return }
        note(.warning, "too many registrations before the announcement", id)
        actions.append(.close(id, .policy))
        drop(id)
    }

    mutating func register(_ frame: Frame, from id: ConnectionID, in namespace: String) {
        switch frame {
        case .registerFunction(let function): register(function, from: id, in: namespace)
        case .unregisterFunction(let functionID): unregister(functionID, from: id, in: namespace)
        case .registerTriggerType(let type): register(type, from: id, in: namespace)
        case .unregisterTriggerType(let typeID, _): unregisterType(typeID, from: id, in: namespace)
        case .registerTrigger(let trigger): bind(trigger, from: id, in: namespace)
        case .unregisterTrigger(let bindingID, _): unbind(bindingID, from: id)
        default: break
        }
    }

    /// Fixes the namespace of a connection and does what waited for it; nothing where it was fixed before.
    mutating func resolveNamespace(of id: ConnectionID, to namespace: String) {
        guard let session = sessions[id], session.namespace == nil else { return }
        if !session.grant.namespaces.isEmpty, session.grant.namespaces[namespace] == nil {
            actions.append(.close(id, .policy))
            return drop(id)
        }
        sessions[id]?.namespace = namespace
        sessions[id]?.waiting = []
        session.budget?.give(session.waitingBytes)
        sessions[id]?.waitingBytes = 0
        sessions[id]?.deferred = []
        for frame in session.waiting { registerOrWait(frame, from: id) }
        for call in session.deferred { invoke(call, from: id) }
    }

    /// Takes a worker's word on who it is.
    ///
    /// - Returns: false where another live worker has the name; the connection is gone then.
    mutating func announce(_ data: RawJSON?, from id: ConnectionID) throws(CallFailure) -> Bool {
        guard let session = sessions[id] else { return false }
        let announcement = try Announcement(data)
        let namespace = session.namespace ?? announcement.namespace ?? Self.defaultNamespace
        if let other = announcement.namespace, other != namespace {
            note(.warning, "namespace was settled before the announcement", id, ["namespace": "\(other)"])
        }
        if !session.grant.namespaces.isEmpty, session.grant.namespaces[namespace] == nil {
            throw CallFailure(code: "FORBIDDEN", message: "namespace '\(namespace)' not allowed")
        }
        if let name = announcement.name {
            guard takeName(name, in: namespace, for: id) else { return false }
        }
        sessions[id]?.announcement = announcement
        let messageBytes = announcement.messageBytes(upTo: limits.messages.messageBytes)
        sessions[id]?.messageBytes = messageBytes
        if announcement.features.contains(Observation.feature), !session.observes {
            sessions[id]?.observes = true
            // What was registered before that was said.
            for function in session.functions.sorted() {
                observersMeet(FunctionName(namespace: namespace, id: function))
            }
        }
        // Whoever depends on a worker of this name may call it from now on.
        epoch += 1
        resolveNamespace(of: id, to: namespace)
        note(.info, "worker announced", id, ["namespace": "\(namespace)"])
        fireWorkersAvailable("worker_metadata_updated", session.workerID)
        return true
    }

    private mutating func takeName(_ name: String, in namespace: String, for id: ConnectionID) -> Bool {
        let holder = names[namespace]?[name].flatMap { $0 == id ? nil : sessions[$0] }
        if holder != nil || !policy.mayBeCalled(name, asker(id)) {
            let rejection = RegistrationRejection(
                subject: .worker(name: name),
                namespace: namespace,
                ownerWorkerID: holder?.workerID ?? ""
            )
            note(.warning, "worker name is taken", id, ["name": "\(name)", "namespace": "\(namespace)"])
            send(.registrationRejected(rejection), to: id)
            actions.append(.close(id, .policy))
            drop(id)
            return false
        }
        if sessions[id]?.name == name { return true }
        releaseName(of: id)
        sessions[id]?.name = name
        // The command line connects under these for moments, several at once.
        if name == "iii-cli" || name.hasPrefix("iii-cli:") { return true }
        names[namespace, default: [:]][name] = id
        tellPresence(of: name)
        return true
    }

    private mutating func releaseName(of id: ConnectionID) {
        guard let session = sessions[id], let name = session.name else { return }
        releaseName(name, in: session.namespace ?? Self.defaultNamespace, heldBy: id)
    }

    private mutating func releaseName(_ name: String, in namespace: String, heldBy id: ConnectionID) {
        guard names[namespace]?[name] == id else { return }
        names[namespace]?[name] = nil
        if names[namespace]?.isEmpty == true { names[namespace] = nil }
        tellPresence(of: name)
    }

    private mutating func tellPresence(of name: String) {
        let isConnected = names.values.contains { $0[name] != nil }
        actions.append(.tell(WorkerPresence(name: name, isConnected: isConnected)))
    }

    /// A worker is back on a new connection: the old one goes, with all that it held.
    mutating func reattach(_ id: ConnectionID, previous: String, token: String?) {
        guard let old = connections[previous], old != id, let session = sessions[old], let token,
            session.reattachToken == token
        else { return }
        note(.info, "worker came back on a new connection", old)
        actions.append(.close(old, .goingAway))
        drop(old)
    }

    /// Removes a connection and everything that was its own.
    mutating func drop(_ id: ConnectionID) {
        guard let session = sessions[id] else { return }
        note(.debug, "worker disconnected", id)
        keepRecord(of: session)
        session.budget?.give(session.waitingBytes + session.registeredBytes + session.queuedBytes)
        sessions[id] = nil
        connections[session.workerID] = nil
        for observerID in session.observers.sorted() { removeObserver(observerID) }
        let namespace = session.namespace ?? Self.defaultNamespace
        for function in session.functions { removeFunction(function, in: namespace) }
        session.budget?.give(session.made * WorkerBudgets.call)
        if session.made > 0 || session.handling > 0 { endCalls(of: id) }
        for bindingID in session.bindings.sorted() { removeBinding(bindingID) }
        for typeID in session.triggerTypes.sorted() { removeType(typeID, in: namespace) }
        if let name = session.name { releaseName(name, in: namespace, heldBy: id) }
        if session.isAdmitted { fireWorkersAvailable("worker_disconnected", session.workerID) }
    }

    /// Gives up a connection whose peer does not read.
    mutating func dropUnread(_ id: ConnectionID) {
        guard sessions[id] != nil else { return }
        note(.warning, "worker does not read what it is sent", id)
        actions.append(.close(id, .policy))
        drop(id)
    }
}
