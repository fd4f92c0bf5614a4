// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText

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
            case .listWorkers: return try listWorkers(request)
            case .listFunctions: return try listFunctions(request, for: id)
            case .listTriggers: return try listTriggers(request)
            case .listBindings: return try listBindings(request)
            case .unregisterTrigger: return try unregisterTrigger(request)
            case .workerInfo, .functionInfo, .triggerInfo, .bindingInfo, .registerTrigger, .createChannel: break
            }
        } catch { throw .deserialization(error) }
        switch builtin {
        case .workerInfo: return try workerInfo(request, for: id)
        case .functionInfo: return try functionInfo(request, for: id)
        case .triggerInfo: return try triggerInfo(request)
        case .bindingInfo: return try bindingInfo(request)
        case .registerTrigger: return try registerTrigger(request, from: id, reference)
        case .createChannel: return try createChannel(request)
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
        guard bindings.count < 10 * limits.registrations else { throw .triggerRefused("too many triggers") }
        let home = sessions[id]?.namespace ?? Self.defaultNamespace
        bindings[bindingID] = Binding(registration: trigger, owner: nil, home: home)
        activate(bindingID)
        guard let reference, let namespace = bindings[bindingID]?.provider,
            triggerTypes[namespace]?[trigger.triggerType]?.owner != nil
        else { return Self.bindingID(bindingID) }
        acknowledgements[bindingID] = reference
        actions.append(.start(.acknowledgement(bindingID: bindingID), after: limits.triggerAcknowledgement))
        return nil
    }

    private mutating func unregisterTrigger(_ request: BuiltinRequest) throws(JSONShapeError) -> RawJSON {
        let bindingID = try request.cursor.required("id").string()
        let type = try request.text("trigger_type")
        let binding = bindings[bindingID]
        let isThere = binding != nil && (type == nil || binding?.registration.triggerType == type)
        if isThere {
            if let owner = binding?.owner { sessions[owner]?.bindings.remove(bindingID) }
            removeBinding(bindingID)
        }
        return JSONBuilder.object { $0.member("removed", isThere) }
    }

    private mutating func createChannel(_ request: BuiltinRequest) throws(CallFailure) -> RawJSON {
        let capacity: Int
        do throws(JSONShapeError) {
            capacity = min(max(try request.cursor.optional("buffer_size")?.integer() ?? 64, 1), 1024)
        } catch { throw .deserialization(error) }
        let ticket = ChannelTicket(id: makeID(), key: makeID(), capacity: capacity)
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

/// A channel that is to exist.
struct ChannelTicket: Sendable, Hashable {
    let id: String
    let key: String
    /// How many messages wait in it at most.
    let capacity: Int
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
