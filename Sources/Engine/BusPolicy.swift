// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import Manifests
import Sandboxing

/// Who may do what on the bus: the one place where that is decided.
///
/// Calls, conditions, bindings, channels, registrations and names are all asked about here. Whoever asks remembers the
/// answer until the function or the rights change.
struct BusPolicy: Sendable {
    /// Who asks.
    struct Asker: Sendable {
        var identity: BusIdentity
        /// Of the listener that it came through.
        var rules: AccessRules?
        /// What the listener's authentication said of it.
        var grant = AccessGrant()

        /// Whether nothing is ever refused to it.
        var isFree: Bool { identity == .owner && rules == nil }
    }

    /// Whose a function is.
    enum Holder: Sendable, Hashable {
        /// One of the engine's own functions `engine::…`: what they show and change depends on who asks.
        case engine
        /// A worker in the engine's process: `worker::…`, `configuration::…`.
        case local
        /// The asker's own.
        case asker
        /// Another connection's; the name that it goes by, where that is no stranger's invention.
        case other(BusIdentity, name: String?)
        /// Not there: calling it fails by itself.
        case nobody
    }

    struct Function: Sendable {
        var id: String
        var namespace = Hub.defaultNamespace
        var holder: Holder
        var metadata: RawJSON?
    }

    enum Decision: Sendable, Hashable {
        case allowed
        case granted(CallGrants.Grant)
        case refused

        var isAllowed: Bool { self != .refused }
    }

    /// Functions of `worker::` that only tell, of the asker's own rows, or do nothing.
    private static let reading: Set<String> = [
        "worker::list", "worker::status", "worker::schema", "worker::validate", "worker::logs", "worker::calls",
    ]
    /// What the beginnings of ids belong to that no worker may have.
    private static let ownSegments: Set<String> = ["engine", "worker", "configuration", "iii"]

    var rights = BusRights()
    /// Functions that rules of listeners name: `auth_function_id` and the like.
    var named: Set<String> = []

    // MARK: Calls

    /// Whether a function may be called, whether as what is asked for or as a condition.
    func mayCall(_ function: Function, by asker: Asker) -> Decision {
        if let rules = asker.rules, !rules.allow(function, to: asker.grant) { return .refused }
        switch asker.identity {
        case .owner, .guest: return .allowed
        case .worker(let worker): return mayCall(function, by: worker)
        case .stranger: return isOpen(function, to: .none) ? .allowed : .refused
        case .network:
            // Of the engine's own workers nothing is offered beyond this machine without a rule that names it.
            return function.holder != .local && isOpen(function, to: .none) ? .allowed : .refused
        }
    }

    private func mayCall(_ function: Function, by worker: StartedWorker) -> Decision {
        let rights = rights.workers[worker.name]
        // A grant first: for what is open it means more than its own rows.
        if let grant = rights?.grants.grant(for: function.id) { return .granted(grant) }
        if case .other(_, let name?) = function.holder, rights?.dependencies.contains(name) == true { return .allowed }
        return isOpen(function, to: worker.tier) ? .allowed : .refused
    }

    /// Whether a function is open to everybody who runs in a tier.
    private func isOpen(_ function: Function, to tier: IsolationTier) -> Bool {
        switch function.holder {
        case .asker, .engine, .nobody: true
        case .local:
            // Of `configuration::` it is the entry that counts, which the worker in the engine looks at.
            Self.reading.contains(function.id) || function.id.firstSegment != "worker"
        case .other(let holder, _): holder.tier.isAtLeast(tier)
        }
    }

    /// Whether a function may be bound to a trigger, or called because of one.
    ///
    /// It is called again and again, also when whoever wanted it is gone: a worker binds its own functions, and others by
    /// a grant.
    func mayBind(_ function: Function, by asker: Asker) -> Decision {
        guard mayPassOn(function, by: asker) else { return .refused }
        switch asker.identity {
        case .owner, .guest: return function.holder == .asker ? .allowed : mayCall(function, by: asker)
        case .worker, .stranger, .network:
            let decision = mayCall(function, by: asker)
            if case .granted = decision { return decision }
            // One that is not there yet may become its own; when somebody else has it, it is asked again.
            let isOwn = function.holder == .asker || function.holder == .nobody
            return decision.isAllowed && isOwn ? decision : .refused
        }
    }

    /// Whether somebody may have a function called by another worker, by a queue or a trigger, as if that one wanted it.
    ///
    /// What the engine's own functions do depends on who calls: the other one may have more rights.
    func mayPassOn(_ function: Function, by asker: Asker) -> Bool {
        asker.isFree || (function.holder != .engine && function.holder != .local)
    }

    /// Whether somebody may hear what becomes of the calls of a function.
    ///
    /// That is more than to call it: what others say to it is heard. What its own worker hands to observers (`isOffered`)
    /// is meant for those who may call it.
    func mayObserve(_ function: Function, isOffered: Bool, by asker: Asker) -> Decision {
        if asker.isFree || function.holder == .asker || function.holder == .nobody { return .allowed }
        let decision = mayCall(function, by: asker)
        if case .granted = decision { return decision }
        return isOffered ? decision : .refused
    }

    /// Whether somebody may hear a trigger of the engine's own workers at all; of whom is asked when it fires.
    func mayHear(_ triggerType: String, by asker: Asker) -> Bool {
        guard Self.ownSegments.contains(triggerType) else { return true }
        switch asker.identity {
        case .owner, .worker: return true
        case .guest: return asker.grant.triggerTypes?.contains(triggerType) == true
        case .stranger, .network: return false
        }
    }

    /// Whether somebody who is bound to a trigger may hear an event about a worker.
    func mayHear(_ event: LocalEvent, by asker: Asker) -> Bool {
        guard mayHear(event.triggerType, by: asker) else { return false }
        guard case .worker(let worker) = asker.identity, let subject = event.worker, subject != worker.name else {
            return true
        }
        let teller = event.triggerType == "worker" ? "worker::list" : "\(event.triggerType)::get"
        return rights.workers[worker.name]?.grants.grant(for: teller) != nil
    }

    // MARK: Offers

    /// Whether somebody may offer a function of this name, or a kind of trigger.
    func mayOffer(_ id: String, by asker: Asker) -> Bool {
        if asker.isFree { return true }
        let segment = id.firstSegment
        switch asker.identity {
        case .owner: return true
        case .worker(let worker):
            if rights.workers[worker.name]?.grants.grants.contains(where: { $0.mayRegister && $0.pattern.matches(id) })
                == true
            {
                return true
            }
            if named.contains(id) { return worker.tier == .none }
            // Workers without a sandbox bring parts of other engines: `engine::queue::enqueue`.
            if Self.ownSegments.contains(segment) { return worker.tier == .none && segment == "engine" }
            return segment == worker.name || rights.workers[segment] == nil
        case .stranger, .network, .guest:
            if let prefix = asker.grant.prefix, id.hasPrefix("\(prefix)::"), !named.contains(id) { return true }
            let isTaken = named.contains(id) || Self.ownSegments.contains(segment) || rights.workers[segment] != nil
            return !isTaken && asker.rules?.name(id) != true
        }
    }

    /// Whether a connection may go by a name.
    func mayBeCalled(_ name: String, _ asker: Asker) -> Bool {
        asker.isFree || asker.identity.name == name || rights.workers[name] == nil
    }

    // MARK: Words

    func refusal(ofPassingOn functionID: String) -> CallFailure {
        CallFailure(
            code: CallFailure.forbidden,
            message:
                "function '\(functionID)' may not be called by way of a queue or a trigger, which would call it with "
                + "rights of its own: call it directly"
        )
    }

    func refusal(ofObserving functionID: String, to asker: Asker) -> CallFailure {
        guard case .worker(let worker) = asker.identity else {
            return CallFailure(
                code: CallFailure.forbidden,
                message: "function '\(functionID)' may not be observed from here"
            )
        }
        return CallFailure(
            code: CallFailure.forbidden,
            message: "function '\(functionID)' may not be observed by worker '\(worker.name)': to let it, write "
                + "`may_call: [\"\(functionID)\"]` below `- name: \(worker.name)` in config.yaml"
        )
    }

    /// What somebody is told who may not call or bind a function, with what would let it.
    func refusal(of functionID: String, to asker: Asker) -> CallFailure {
        let message: String
        switch asker.identity {
        case .worker(let worker):
            message =
                "function '\(functionID)' may not be called by worker '\(worker.name)': to let it, write "
                + "`may_call: [\"\(functionID)\"]` below `- name: \(worker.name)` in config.yaml"
        case .stranger:
            message =
                "function '\(functionID)' may not be called by programs of another user: run it as the user of the engine, "
                + "or let it come through a listener whose rules name the function"
        case .network:
            message =
                "function '\(functionID)' is not offered to other machines (add it to rbac.expose_functions of the listener)"
        case .owner, .guest: message = "function '\(functionID)' not allowed (add to rbac.expose_functions)"
        }
        return CallFailure(code: CallFailure.forbidden, message: message)
    }
}

extension AccessRules {
    /// Whether a guest with a grant may call a function; they decide in this order: forbidden, granted for the namespace,
    /// granted by name, needed by every worker, exposed.
    fileprivate func allow(_ function: BusPolicy.Function, to grant: AccessGrant) -> Bool {
        if grant.forbidden.contains(where: { $0.matches(function.id) }) { return false }
        // A pattern for everything is not meant for the engine's workers: a rule has to name those.
        let isLocal = function.holder == .local
        if grant.namespaces[function.namespace]?.contains(where: { $0.matches(function.id, naming: isLocal) }) == true {
            return true
        }
        if function.namespace == Hub.defaultNamespace {
            if grant.allowed.contains(function.id) { return true }
            if ["engine::channels::create", "engine::workers::register"].contains(function.id) { return true }
            if function.id.hasPrefix("engine::log::") || function.id.hasPrefix("engine::baggage::") { return true }
        }
        return exposes(function.id, in: function.namespace, metadata: function.metadata, naming: isLocal)
    }

    /// Whether a rule shows a function to guests by its name, or by the beginning of it: then it is somebody's already.
    fileprivate func name(_ functionID: String) -> Bool {
        exposures.contains { exposure in
            if case .id(let pattern) = exposure.test { pattern.matches(functionID, naming: true) } else { false }
        }
    }
}
