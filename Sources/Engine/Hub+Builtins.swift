// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineProtocol
import JSONText
import Logging

extension Hub {
    /// Runs one of the engine's own functions.
    ///
    /// - Returns: the answer; nil where it comes later, or where nobody is left to hear it.
    mutating func run(
        _ builtin: BuiltinFunction,
        _ call: InvokeFunction,
        from id: ConnectionID,
        _ reference: CallReference?
    ) throws(CallFailure) -> RawJSON? {
        if builtin == .registerWorker {
            let isAccepted = try announce(call.data, from: id)
            return JSONBuilder.object { $0.member("success", isAccepted) }
        }
        let request = try BuiltinRequest(call.data)
        do throws(JSONShapeError) {
            switch builtin {
            case .registerWorker: return nil
            case .listWorkers: return try listWorkers(request, for: id)
            case .listFunctions: return try listFunctions(request, for: id)
            case .listTriggers: return try listTriggers(request)
            case .listBindings: return try listBindings(request, for: id)
            case .unregisterTrigger: return try unregisterTrigger(request, from: id)
            case .logTrace, .logDebug, .logInfo, .logWarning, .logError: return log(request, builtin, from: id)
            case .workerInfo, .functionInfo, .triggerInfo, .bindingInfo, .registerTrigger, .createChannel: break
            }
        } catch { throw .deserialization(error) }
        switch builtin {
        case .workerInfo: return try workerInfo(request, for: id)
        case .functionInfo: return try functionInfo(request, for: id)
        case .triggerInfo: return try triggerInfo(request)
        case .bindingInfo: return try bindingInfo(request, for: id)
        case .registerTrigger: return try registerTrigger(request, from: id, reference)
        case .createChannel: return try createChannel(request, for: id)
        default: return nil
        }
    }

    private mutating func registerTrigger(
        _ request: BuiltinRequest,
        from id: ConnectionID,
        _ reference: CallReference?
    ) throws(CallFailure) -> RawJSON? {
        let bindingID = makeID()
        let trigger = TriggerRegistration(
            id: bindingID,
            triggerType: try request.requiredText("trigger_type"),
            functionID: try request.requiredText("function_id"),
            config: request.raw?.member("config"),
            metadata: request.raw?.member("metadata"),
            namespace: try request.namespace("namespace"),
            triggerNamespace: try request.namespace("trigger_namespace")
        )
        try checkBinding(trigger, asked: id)
        let outer = sessions[id].map { Frame.registerTrigger(trigger).outer($0.grant, own: $0.functions) }
        var registration = trigger
        if case .registerTrigger(let named)? = outer { registration = named }
        guard bindings.count < 10 * limits.registrations else { throw .triggerRefused("too many triggers") }
        if let budget = sessions[id]?.budget, !budget.hasRoom(for: Frame.registerTrigger(trigger).cost) {
            throw .overBudget(budget)
        }
        let home = sessions[id]?.namespace ?? Self.defaultNamespace
        // What a sandboxed worker has bound goes with it: nothing of what is held for it stays.
        let owner = sessions[id]?.budget == nil ? nil : id
        if let owner { sessions[owner]?.bindings.insert(bindingID) }
        add(Binding(registration: registration, owner: owner, home: home, author: author(id)))
        guard let reference, let namespace = bindings[bindingID]?.provider,
            triggerTypes[namespace]?[trigger.triggerType]?.owner != nil
        else { return Self.bindingID(bindingID) }
        acknowledgements[bindingID] = reference
        actions.append(.start(.acknowledgement(bindingID: bindingID), after: limits.triggerAcknowledgement))
        return nil
    }

    private mutating func unregisterTrigger(
        _ request: BuiltinRequest,
        from id: ConnectionID
    ) throws(JSONShapeError) -> RawJSON {
        let bindingID = try request.cursor.required("id").string()
        let type = try request.text("trigger_type")
        let binding = bindings[bindingID].flatMap { isOwn($0, of: id) ? $0 : nil }
        let isThere = binding != nil && (type == nil || binding?.registration.triggerType == type)
        if isThere {
            if let owner = binding?.owner { sessions[owner]?.bindings.remove(bindingID) }
            removeBinding(bindingID)
        }
        return JSONBuilder.object { $0.member("removed", isThere) }
    }

    /// The most lines of one connection that are told as loudly as it wants.
    private static let loudLines = 100

    /// Passes a worker's line on to the engine's log; what goes on and on is told quietly.
    private mutating func log(_ request: BuiltinRequest, _ builtin: BuiltinFunction, from id: ConnectionID) -> RawJSON {
        let message = request.raw?.member("message").map { $0.string ?? $0.description } ?? ""
        var metadata: Logger.Metadata = ["message": "\(PrintableText(message, limit: 1000))"]
        if let data = request.raw?.member("data") {
            metadata["data"] = "\(PrintableText(data.description, limit: 1000))"
        }
        sessions[id]?.loggedLines += 1
        let isLoud = (sessions[id]?.loggedLines ?? 0) <= Self.loudLines
        note(isLoud ? builtin.level : .trace, "worker says", id, metadata)
        return .null
    }

    private mutating func createChannel(_ request: BuiltinRequest, for id: ConnectionID) throws(CallFailure) -> RawJSON
    {
        let budget = sessions[id]?.budget
        if let budget, !budget.take(ChannelTicket.cost) { throw .overBudget(budget) }
        let capacity: Int
        do throws(JSONShapeError) {
            capacity = min(max(try request.cursor.optional("buffer_size")?.integer() ?? 64, 1), 1024)
        } catch { throw .deserialization(error) }
        let ticket = ChannelTicket(id: makeID(), key: makeID(), capacity: capacity, budget: budget)
        actions.append(.openChannel(ticket))
        return JSONBuilder.object { object in
            for direction in ["writer", "reader"] {
                object.key(direction == "writer" ? "writer" : "reader")
                object.object { end in
                    end.member("channel_id", ticket.id)
                    end.member("access_key", ticket.key)
                    end.member("direction", direction == "writer" ? "write" : "read")
                }
            }
        }
    }
}

extension BuiltinFunction {
    fileprivate var level: Logger.Level {
        switch self {
        case .logError: .error
        case .logWarning: .warning
        case .logInfo: .info
        case .logDebug: .debug
        default: .trace
        }
    }
}

/// A channel that is to exist.
struct ChannelTicket: Sendable {
    /// What it takes besides its messages.
    static let cost = 2048

    let id: String
    let key: String
    /// How many messages wait in it at most.
    let capacity: Int
    /// What it holds is held against this; nil where its maker has no bound.
    var budget: ByteBudget?
}

/// The payload of a call of the engine's own functions; none counts as an empty object.
struct BuiltinRequest {
    let raw: RawJSON?
    let cursor: JSONCursor

    init(_ data: RawJSON?) throws(CallFailure) {
        raw = data
        guard let data else {
            cursor = JSONCursor(.emptyObject)
            return
        }
        guard let value = data.value(), case .object = value else {
            throw CallFailure(code: "deserialization_error", message: "the payload must be a JSON object")
        }
        cursor = JSONCursor(value)
    }

    func text(_ key: String) throws(JSONShapeError) -> String? { try cursor.optional(key)?.string() }

    func flag(_ key: String) throws(JSONShapeError) -> Bool { try cursor.optional(key)?.bool() ?? false }

    func requiredText(_ key: String) throws(CallFailure) -> String {
        do throws(JSONShapeError) { return try cursor.required(key).string() } catch { throw .deserialization(error) }
    }

    func optionalText(_ key: String) throws(CallFailure) -> String? {
        do throws(JSONShapeError) { return try text(key) } catch { throw .deserialization(error) }
    }

    /// A namespace; nil where none is given.
    func namespace(_ key: String) throws(CallFailure) -> String? {
        guard let text = try optionalText(key) else { return nil }
        guard Hub.isNamespace(text) else { throw .invalidNamespace }
        return text
    }
}

extension CallFailure {
    static func deserialization(_ error: JSONShapeError) -> CallFailure {
        CallFailure(code: "deserialization_error", message: error.message)
    }

    static func notFound(_ message: String) -> CallFailure { CallFailure(code: "NOT_FOUND", message: message) }
    static func invalidArguments(_ message: String) -> CallFailure {
        CallFailure(code: "INVALID_ARGUMENTS", message: message)
    }
}
