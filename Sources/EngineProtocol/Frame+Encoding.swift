// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import NIOCore

extension Frame {
    /// The frame's text.
    package func encoded() -> ByteBuffer {
        if case .observation(_, let text) = self { return text.text }
        var builder = JSONBuilder(capacity: cost)
        builder.object { write(to: &$0) }
        return builder.buffer
    }

    /// About how many bytes the text has; never much less.
    package var cost: Int {
        switch self {
        case .invoke(let call): 320 + (call.data?.byteCount ?? 0) + (call.metadata?.byteCount ?? 0)
        case .result(let result):
            switch result.outcome {
            case .success(let value): 320 + (value?.byteCount ?? 0)
            case .failure(let error): 320 + error.byteCount
            }
        case .registerFunction(let function):
            320 + (function.requestFormat?.byteCount ?? 0) + (function.responseFormat?.byteCount ?? 0)
                + (function.metadata?.byteCount ?? 0) + (function.description?.utf8.count ?? 0)
                + (function.invocation?.byteCount ?? 0) + (function.observe?.byteCount ?? 0)
        case .registerTriggerType(let type):
            320 + (type.configFormat?.byteCount ?? 0) + (type.callFormat?.byteCount ?? 0)
                + (type.description?.utf8.count ?? 0)
        case .registerTrigger(let trigger): 320 + (trigger.config?.byteCount ?? 0) + (trigger.metadata?.byteCount ?? 0)
        case .triggerResult(let result): 320 + (result.error?.byteCount ?? 0)
        case .observation(_, let text): 320 + text.byteCount
        default: 320
        }
    }

    private func write(to object: inout JSONBuilder) {
        switch self {
        case .invoke(let call): call.write(to: &object)
        case .result(let result): result.write(to: &object)
        case .registerFunction(let function): function.write(to: &object)
        case .registerTriggerType(let type): type.write(to: &object)
        case .registerTrigger(let trigger): trigger.write(to: &object)
        case .triggerResult(let result): result.write(to: &object)
        case .registrationRejected(let rejection): rejection.write(to: &object)
        default: writeSmall(to: &object)
        }
    }

    /// The frames that are only a few words.
    private func writeSmall(to object: inout JSONBuilder) {
        object.member("type", typeName)
        switch self {
        case .workerRegistered(let workerID, let token, let features):
            object.member("worker_id", workerID)
            object.optional("reattach_token", token)
            guard !features.isEmpty else { return }
            object.key("features")
            object.array(features) { $0.value($1) }
        case .unregisterFunction(let id), .registerService(let id): object.member("id", id)
        case .unregisterTriggerType(let id, let namespace):
            object.member("id", id)
            object.optional("namespace", namespace)
        case .unregisterTrigger(let id, let triggerType):
            object.member("id", id)
            object.optional("trigger_type", triggerType)
        case .reattach(let previous, let token):
            object.member("previous_worker_id", previous)
            object.optional("reattach_token", token)
        case .error(let code, let message):
            object.member("error", CallFailure(code: code, message: message).json)
        default: break
        }
    }

    /// The word in `type`.
    package var typeName: String {
        switch self {
        case .workerRegistered: "workerregistered"
        case .invoke: "invokefunction"
        case .result: "invocationresult"
        case .registerFunction: "registerfunction"
        case .unregisterFunction: "unregisterfunction"
        case .registerService: "registerservice"
        case .registerTriggerType: "registertriggertype"
        case .unregisterTriggerType: "unregistertriggertype"
        case .registerTrigger: "registertrigger"
        case .triggerResult: "triggerregistrationresult"
        case .unregisterTrigger: "unregistertrigger"
        case .registrationRejected: "registrationrejected"
        case .reattach: "reattach"
        case .ping: "ping"
        case .pong: "pong"
        case .error: "error"
        case .observation(let kind, _): kind.rawValue
        case .unknown(let type): type
        }
    }
}

extension InvokeFunction {
    fileprivate func write(to object: inout JSONBuilder) {
        object.member("type", "invokefunction")
        object.optional("invocation_id", id)
        object.member("function_id", functionID)
        if let data, let callerWorkerID {
            object.markedData(data, caller: callerWorkerID, isSuspect: isSuspect)
        } else {
            object.nullable("data", data)
        }
        object.optional("namespace", namespace)
        object.optional("metadata", metadata)
        object.optional("traceparent", traceparent)
        object.optional("baggage", baggage)
        if case .said(let caller, let depth, let activation) = origin {
            object.optional("caller", caller)
            if depth > 0 { object.member("observe_depth", depth) }
            object.optional("activation", activation)
        }
        switch action {
        case .call: break
        case .void: object.member("action", JSONBuilder.object { $0.member("type", "void") })
        case .enqueue(let queue):
            object.member(
                "action",
                JSONBuilder.object {
                    $0.member("type", "enqueue")
                    $0.member("queue", queue)
                }
            )
        }
    }
}

extension InvocationResult {
    fileprivate func write(to object: inout JSONBuilder) {
        object.member("type", "invocationresult")
        object.member("invocation_id", id)
        object.member("function_id", functionID)
        switch outcome {
        case .success(let value): object.nullable("result", value)
        case .failure(let error): object.member("error", error)
        }
        object.optional("traceparent", traceparent)
        object.optional("baggage", baggage)
    }
}

extension FunctionRegistration {
    fileprivate func write(to object: inout JSONBuilder) {
        object.member("type", "registerfunction")
        object.member("id", id)
        object.optional("description", description)
        object.optional("request_format", requestFormat)
        object.optional("response_format", responseFormat)
        object.optional("metadata", metadata)
        object.optional("invocation", invocation)
        object.optional("observe", observe)
    }
}

extension TriggerTypeRegistration {
    fileprivate func write(to object: inout JSONBuilder) {
        object.member("type", "registertriggertype")
        object.member("id", id)
        object.optional("description", description)
        object.optional("trigger_request_format", configFormat)
        object.optional("call_request_format", callFormat)
        object.optional("namespace", namespace)
    }
}

extension TriggerRegistration {
    fileprivate func write(to object: inout JSONBuilder) {
        object.member("type", "registertrigger")
        object.member("id", id)
        object.member("trigger_type", triggerType)
        object.member("function_id", functionID)
        object.nullable("config", config)
        object.optional("metadata", metadata)
        object.optional("namespace", namespace)
        object.optional("trigger_namespace", triggerNamespace)
    }
}

extension TriggerRegistrationResult {
    fileprivate func write(to object: inout JSONBuilder) {
        object.member("type", "triggerregistrationresult")
        object.member("id", id)
        object.member("trigger_type", triggerType)
        object.member("function_id", functionID)
        object.optional("error", error)
    }
}

extension RegistrationRejection {
    fileprivate func write(to object: inout JSONBuilder) {
        object.member("type", "registrationrejected")
        switch subject {
        case .function(let id):
            object.member("code", "FUNCTION_NAMESPACE_CONFLICT")
            object.member("namespace", namespace)
            object.member("function_id", id)
        case .worker(let name):
            object.member("code", "WORKER_NAMESPACE_CONFLICT")
            object.member("namespace", namespace)
            object.member("worker_name", name)
        }
        object.member("owner_worker_id", ownerWorkerID)
    }
}
