// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The functions that every engine has, in the namespace `default`.
enum BuiltinFunction: String, CaseIterable {
    case registerWorker = "engine::workers::register"
    case listWorkers = "engine::workers::list"
    case workerInfo = "engine::workers::info"
    case listFunctions = "engine::functions::list"
    case functionInfo = "engine::functions::info"
    case listTriggers = "engine::triggers::list"
    case triggerInfo = "engine::triggers::info"
    case listBindings = "engine::registered-triggers::list"
    case bindingInfo = "engine::registered-triggers::info"
    case registerTrigger = "engine::register_trigger"
    case unregisterTrigger = "engine::unregister_trigger"
    case createChannel = "engine::channels::create"
    case logTrace = "engine::log::trace"
    case logDebug = "engine::log::debug"
    case logInfo = "engine::log::info"
    case logWarning = "engine::log::warn"
    case logError = "engine::log::error"

    var description: String {
        switch self {
        case .registerWorker: "Tells the engine who this worker is."
        case .listWorkers: "Lists connected workers."
        case .workerInfo: "Tells of one worker, its functions and triggers."
        case .listFunctions: "Lists functions."
        case .functionInfo: "Tells of one function or several, with their schemas."
        case .listTriggers: "Lists kinds of triggers."
        case .triggerInfo: "Tells of one kind of trigger, with its schemas."
        case .listBindings: "Lists functions that are bound to triggers."
        case .bindingInfo: "Tells of one binding."
        case .registerTrigger: "Binds a function to a trigger; the binding stays until it is removed."
        case .unregisterTrigger: "Removes a binding."
        case .createChannel: "Makes a channel between two workers."
        case .logTrace, .logDebug, .logInfo, .logWarning, .logError: "Passes a line on to the engine's log."
        }
    }
}
