// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import Logging
import Manifests
import Sandboxing

/// What was decided about the calls of one function by one connection.
struct Verdict: Sendable {
    let decision: BusPolicy.Decision
    /// What it was decided on.
    let stamp: UInt64
    let epoch: UInt64
    var count = BusRecord.Count()
}

/// Asks the policy, and remembers what it says.
extension Hub {
    /// The most verdicts of one connection that are remembered.
    private static let mostVerdicts = 4096

    func asker(_ id: ConnectionID) -> BusPolicy.Asker {
        guard let session = sessions[id] else { return BusPolicy.Asker(identity: .stranger) }
        return BusPolicy.Asker(identity: session.identity, rules: session.door.rules, grant: session.grant)
    }

    /// A function as the policy wants to know it, seen from a connection, which need not be there any more.
    func function(
        _ functionID: String,
        in namespace: String,
        seenFrom id: ConnectionID?,
        _ identity: BusIdentity
    ) -> BusPolicy.Function {
        BusPolicy.Function(
            id: functionID,
            namespace: namespace,
            holder: holder(of: functionID, in: namespace, seenFrom: id, identity),
            metadata: functions[namespace]?[functionID]?.registration.metadata
        )
    }

    private func holder(
        of functionID: String,
        in namespace: String,
        seenFrom id: ConnectionID?,
        _ identity: BusIdentity
    ) -> BusPolicy.Holder {
        if namespace == Self.defaultNamespace {
            if BuiltinFunction(rawValue: functionID) != nil { return .engine }
            if localFunctions[functionID] != nil { return .local }
        }
        guard let entry = functions[namespace]?[functionID], let owner = sessions[entry.owner] else { return .nobody }
        if entry.owner == id { return .asker }
        if case .worker = identity, owner.identity == identity { return .asker }
        switch owner.identity {
        case .worker(let worker): return .other(owner.identity, name: worker.name)
        case .owner: return .other(.owner, name: owner.name)
        case .stranger, .network, .guest: return .other(owner.identity, name: nil)
        }
    }

    /// Whether a connection may call a function: for lists.
    func mayCall(_ functionID: String, in namespace: String, from id: ConnectionID) -> Bool {
        guard let session = sessions[id], !session.isFree else { return true }
        if policy.rights.isPermissive, session.door.rules == nil { return true }
        return decision(on: functionID, in: namespace, from: id).isAllowed
    }

    func decision(on functionID: String, in namespace: String, from id: ConnectionID) -> BusPolicy.Decision {
        let asker = asker(id)
        return policy.mayCall(function(functionID, in: namespace, seenFrom: id, asker.identity), by: asker)
    }

    /// Makes sure that a connection may call a function, and counts the call.
    ///
    /// - Throws: `CallFailure` of code `FORBIDDEN`.
    mutating func checkAccess(
        _ functionID: String,
        in namespace: String,
        from id: ConnectionID
    ) throws(CallFailure) {
        // Most callers are the user's own: for them this is all.
        guard sessions[id]?.isFree == false else { return }
        let name = FunctionName(namespace: namespace, id: functionID)
        let stamp = functions[namespace]?[functionID]?.stamp ?? 0
        // Nothing may hold the verdicts while the count in them grows: they would be copied.
        if let verdict = sessions[id]?.verdicts[name], verdict.stamp == stamp, verdict.epoch == epoch,
            verdict.decision.isAllowed
        {
            sessions[id]?.verdicts[name]?.count.calls += 1
            return
        }
        let decision = decision(on: functionID, in: namespace, from: id)
        remember(decision, stamp, of: name, from: id)
        guard !decision.isAllowed, let session = sessions[id], !isPassed(session) else { return }
        let asker = asker(id)
        note(.warning, "call refused", id, ["function.id": "\(functionID)"])
        throw policy.refusal(of: functionID, to: asker)
    }

    /// Makes sure that a function does not get another caller's rights on its way over a queue.
    func checkPassedOn(_ functionID: String, in namespace: String, from id: ConnectionID) throws(CallFailure) {
        guard let session = sessions[id], !session.isFree, !isPassed(session) else { return }
        let function = function(functionID, in: namespace, seenFrom: id, session.identity)
        guard policy.mayPassOn(function, by: asker(id)) else { throw policy.refusal(ofPassingOn: functionID) }
    }

    /// Whether what is refused is only counted: while a project moves.
    ///
    /// Rules of listeners hold all the same.
    private func isPassed(_ session: Session) -> Bool { policy.rights.isPermissive && session.identity.name != nil }

    private mutating func remember(
        _ decision: BusPolicy.Decision,
        _ stamp: UInt64,
        of name: FunctionName,
        from id: ConnectionID
    ) {
        if let session = sessions[id], session.verdicts.count >= Self.mostVerdicts {
            keepRecord(of: session)
            sessions[id]?.verdicts = [:]
        }
        var verdict = Verdict(decision: decision, stamp: stamp, epoch: epoch)
        verdict.count = sessions[id]?.verdicts[name]?.count ?? BusRecord.Count()
        if decision.isAllowed { verdict.count.calls += 1 } else { verdict.count.refused += 1 }
        sessions[id]?.verdicts[name] = verdict
    }

    // MARK: Records

    mutating func keepRecord(of session: Session) {
        guard let name = session.identity.name else { return }
        for (function, verdict) in session.verdicts {
            records[name, default: BusRecord()].add(verdict.count, of: function.id)
        }
    }

    /// What a worker has called since the engine was started.
    func record(of worker: String) -> BusRecord {
        var record = records[worker] ?? BusRecord()
        for session in sessions.values where session.identity.name == worker {
            for (function, verdict) in session.verdicts { record.add(verdict.count, of: function.id) }
        }
        return record
    }

    /// Who calls a function of the engine's own process.
    func caller(_ decision: BusPolicy.Decision, _ identity: BusIdentity) -> BusCaller {
        var caller = BusCaller(worker: identity.name, isOwner: identity == .owner)
        if identity.tier != .none { caller.isolation = identity.tier.rawValue }
        if let name = identity.name { caller.variables = policy.rights.workers[name]?.variables ?? [] }
        switch decision {
        case .granted(let grant): (caller.isGranted, caller.grantedIsolation) = (true, grant.isolation)
        // What a guest gets of the engine's workers a rule has named.
        case .allowed: caller.isGranted = identity == .guest
        case .refused: break
        }
        if policy.rights.isPermissive, identity.name != nil {
            (caller.isGranted, caller.grantedIsolation) = (true, caller.grantedIsolation ?? IsolationTier.none.rawValue)
        }
        return caller
    }

    // MARK: Changes

    mutating func change(_ rights: BusRights) {
        guard rights != policy.rights else { return }
        policy.rights = rights
        epoch += 1
        for name in heldBindings.keys.sorted(by: { ($0.namespace, $0.id) < ($1.namespace, $1.id) }) {
            holdBindings(of: name)
        }
        reconsiderObservers()
        functionsChanged()
    }

    /// Takes away the bindings that may not call a function any more, now that somebody has it, or has lost a grant.
    mutating func holdBindings(of name: FunctionName) {
        guard let held = heldBindings[name] else { return }
        for bindingID in held.sorted() {
            guard let binding = bindings[bindingID], let author = binding.author?.value else { continue }
            if author.mayReach(
                name,
                policy,
                function(name.id, in: name.namespace, seenFrom: author.id, author.identity)
            ) {
                continue
            }
            note(.warning, "binding removed: its function may not be called", author.id, ["function.id": "\(name.id)"])
            if let owner = binding.owner { sessions[owner]?.bindings.remove(bindingID) }
            removeBinding(bindingID)
        }
    }
}

/// Whoever made a binding and may not bind everything.
struct BindingAuthor: Sendable {
    let id: ConnectionID
    let asker: BusPolicy.Asker
    var identity: BusIdentity { asker.identity }

    func mayReach(_ name: FunctionName, _ policy: BusPolicy, _ function: BusPolicy.Function) -> Bool {
        if policy.rights.isPermissive, identity.name != nil { return true }
        return policy.mayBind(function, by: asker).isAllowed
    }
}
