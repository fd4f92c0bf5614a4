// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol

extension AccessRules {
    /// The function that is asked about a registration; nil where none is.
    func hook(for frame: Frame) -> String? {
        switch frame {
        case .registerFunction: functionHook
        case .registerTrigger: triggerHook
        case .registerTriggerType: triggerTypeHook
        default: nil
        }
    }
}

extension AccessGrant {
    /// Why a registration is denied whatever it names; nil where a hook may be asked.
    func refusal(of frame: Frame) -> String? {
        switch frame {
        case .registerFunction where !mayRegisterFunctions: return "functions may not be registered"
        case .registerTriggerType where !mayRegisterTriggerTypes: return "trigger types may not be registered"
        case .registerTrigger(let trigger):
            guard let triggerTypes, !triggerTypes.contains(trigger.triggerType) else { return nil }
            return "trigger type '\(trigger.triggerType)' not allowed"
        default: return nil
        }
    }
}

extension Frame {
    /// What a hook is told of a registration.
    func question(in context: RawJSON) -> RawJSON {
        JSONBuilder.object { object in
            switch self {
            case .registerFunction(let function):
                object.member("function_id", function.id)
                object.optional("description", function.description)
                object.optional("metadata", function.metadata)
            case .registerTrigger(let trigger):
                object.member("trigger_id", trigger.id)
                object.member("trigger_type", trigger.triggerType)
                object.member("function_id", trigger.functionID)
                object.nullable("config", trigger.config)
                object.optional("metadata", trigger.metadata)
            case .registerTriggerType(let type):
                object.member("trigger_type_id", type.id)
                object.member("description", type.description ?? "")
            default: break
            }
            object.member("context", context)
        }
    }

    /// The registration as a hook wants it; members that it leaves out stay.
    func changed(by answer: RawJSON?) -> Frame {
        func text(_ key: String) -> String? { answer?.member(key)?.string }
        switch self {
        case .registerFunction(var function):
            function.id = text("function_id") ?? function.id
            function.description = text("description") ?? function.description
            function.metadata = answer?.member("metadata") ?? function.metadata
            return .registerFunction(function)
        case .registerTrigger(var trigger):
            trigger.id = text("trigger_id") ?? trigger.id
            trigger.triggerType = text("trigger_type") ?? trigger.triggerType
            trigger.functionID = text("function_id") ?? trigger.functionID
            trigger.config = answer?.member("config") ?? trigger.config
            return .registerTrigger(trigger)
        case .registerTriggerType(var type):
            type.id = text("trigger_type_id") ?? type.id
            type.description = text("description") ?? type.description
            return .registerTriggerType(type)
        default: return self
        }
    }

    /// The registration under the names that others know; `own` holds the guest's functions.
    func outer(_ grant: AccessGrant, own: Set<String>) -> Frame {
        switch self {
        case .registerFunction(var function):
            function.id = grant.outer(function.id)
            return .registerFunction(function)
        case .unregisterFunction(let id): return .unregisterFunction(id: grant.outer(id))
        case .registerTrigger(var trigger):
            let outer = grant.outer(trigger.functionID)
            if own.contains(outer) { trigger.functionID = outer }
            return .registerTrigger(trigger)
        default: return self
        }
    }
}
