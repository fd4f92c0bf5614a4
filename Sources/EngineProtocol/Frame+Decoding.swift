// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import NIOCore

/// Why a message is no frame, with what could still be read of it.
package struct FrameFault: Error, Sendable, Hashable {
    package enum Reason: Sendable, Hashable {
        /// Not JSON, or not an object.
        case syntax(JSONFault)
        /// A member is missing or of the wrong kind.
        case member(String)
        /// `data` or `result` holds `NaN` or an infinity, which Python writes and JSON does not know.
        case foreignNumber
    }

    package let reason: Reason
    /// The frame's `type`, where it was read.
    package let type: String?
    /// The call that the frame was about, so that nobody waits for it.
    package let invocationID: String?
}

extension Frame {
    /// Reads the text of one message.
    ///
    /// Members that are unknown are passed over; a known one that stands twice makes the frame ill-formed, since two
    /// readers could understand it differently.
    /// - Throws: `FrameFault`.
    package init(decoding text: ByteBuffer, limits: ProtocolLimits = .standard) throws(FrameFault) {
        let reader = FrameReader(members: FrameMembers(of: text, limits: limits), limits: limits)
        if let fault = reader.members.fault { throw reader.fault(.syntax(fault)) }
        self = try reader.frame(text)
    }
}

/// Reads the members of one frame.
private struct FrameReader {
    let members: FrameMembers
    let limits: ProtocolLimits

    func frame(_ whole: ByteBuffer) throws(FrameFault) -> Frame {
        let type = try required(.type)
        switch type {
        case "invokefunction": return .invoke(try invocation())
        case "invocationresult": return .result(try result())
        case "registerfunction": return .registerFunction(try function())
        case "unregisterfunction": return .unregisterFunction(id: try required(.id))
        case "registerservice": return .registerService(id: try required(.id))
        case "registertriggertype": return .registerTriggerType(try triggerType())
        case "unregistertriggertype":
            return .unregisterTriggerType(id: try required(.id), namespace: try text(.namespace))
        case "registertrigger": return .registerTrigger(try trigger())
        case "triggerregistrationresult": return .triggerResult(try triggerResult())
        case "unregistertrigger":
            return .unregisterTrigger(id: try required(.id), triggerType: try text(.triggerType))
        case "reattach":
            return .reattach(previousWorkerID: try required(.previousWorkerID), token: try text(.reattachToken))
        case "ping": return .ping
        case "pong": return .pong
        case "workerregistered", "registrationrejected", "error": return try fromEngine(type)
        default:
            guard let kind = Observation(rawValue: type) else { return .unknown(type: type) }
            do throws(JSONFault) { return .observation(kind, try RawJSON(parsing: whole, limits: limits)) } catch {
                throw fault(.foreignNumber)
            }
        }
    }

    private func fromEngine(_ type: String) throws(FrameFault) -> Frame {
        switch type {
        case "workerregistered":
            return .workerRegistered(
                workerID: try required(.workerID),
                reattachToken: try text(.reattachToken),
                features: members[.features]?.strings ?? []
            )
        case "registrationrejected": return .registrationRejected(try rejection())
        default:
            let error = FrameMembers(of: members[.error]?.text ?? ByteBuffer(), limits: limits)
            return .error(code: error[.code]?.string ?? "UNKNOWN", message: error[.message]?.string ?? "")
        }
    }

    private func invocation() throws(FrameFault) -> InvokeFunction {
        guard !members.isForeign(.data), !members.isForeign(.metadata) else { throw fault(.foreignNumber) }
        var call = InvokeFunction(
            id: try text(.invocationID),
            functionID: try required(.functionID),
            data: members[.data],
            namespace: try text(.namespace),
            metadata: members[.metadata],
            traceparent: try text(.traceparent),
            baggage: try text(.baggage, upTo: 8192),
            action: try action()
        )
        call.isSuspect = members.isSuspect(.data)
        if members.hasOrigin { call.origin = origin() }
        return call
    }

    /// From what a call was made; what cannot be read of it is left away, for the call does not need it.
    private func origin() -> InvocationOrigin {
        .said(
            caller: standard(.caller),
            depth: members[.observeDepth].flatMap { Int($0.description) }.map { max($0, 0) } ?? 0,
            activation: standard(.activation)
        )
    }

    private func action() throws(FrameFault) -> InvokeFunction.Action {
        guard let raw = members[.action] else { return .call }
        let action = FrameMembers(of: raw.text, limits: limits)
        switch action[.type]?.string {
        case "void": return .void
        case "enqueue":
            guard let queue = action[.queue]?.string, !queue.isEmpty else { throw fault(.member("action")) }
            return .enqueue(queue: queue)
        default: throw fault(.member("action"))
        }
    }

    private func result() throws(FrameFault) -> InvocationResult {
        guard !members.isForeign(.result), !members.isForeign(.error) else { throw fault(.foreignNumber) }
        return InvocationResult(
            id: try required(.invocationID),
            functionID: try text(.functionID) ?? "",
            outcome: members[.error].map { .failure($0) } ?? .success(members[.result]),
            traceparent: try text(.traceparent),
            baggage: try text(.baggage, upTo: 8192)
        )
    }

    private func function() throws(FrameFault) -> FunctionRegistration {
        FunctionRegistration(
            id: try name(.id),
            description: try text(.description, upTo: .max),
            requestFormat: standard(.requestFormat),
            responseFormat: standard(.responseFormat),
            metadata: standard(.metadata),
            invocation: standard(.invocation),
            observe: standard(.observe)
        )
    }

    private func triggerType() throws(FrameFault) -> TriggerTypeRegistration {
        TriggerTypeRegistration(
            id: try name(.id),
            description: try text(.description, upTo: .max),
            configFormat: standard(.triggerRequestFormat),
            callFormat: standard(.callRequestFormat),
            namespace: try text(.namespace)
        )
    }

    private func trigger() throws(FrameFault) -> TriggerRegistration {
        guard !members.isForeign(.config), !members.isForeign(.metadata) else { throw fault(.foreignNumber) }
        return TriggerRegistration(
            id: try name(.id),
            triggerType: try name(.triggerType),
            functionID: try name(.functionID),
            config: members[.config],
            metadata: members[.metadata],
            namespace: try text(.namespace),
            triggerNamespace: try text(.triggerNamespace)
        )
    }

    private func triggerResult() throws(FrameFault) -> TriggerRegistrationResult {
        TriggerRegistrationResult(
            id: try required(.id),
            triggerType: try text(.triggerType) ?? "",
            functionID: try text(.functionID) ?? "",
            error: members.isForeign(.error) ? .emptyObject : members[.error]
        )
    }

    private func rejection() throws(FrameFault) -> RegistrationRejection {
        let subject: RegistrationRejection.Subject =
            if let function = try text(.functionID) { .function(id: function) } else {
                .worker(name: try text(.workerName) ?? "")
            }
        return RegistrationRejection(
            subject: subject,
            namespace: try text(.namespace) ?? "default",
            ownerWorkerID: try text(.ownerWorkerID) ?? ""
        )
    }

    /// JSON that may be left away where it says `NaN`: a schema, a description in metadata.
    private func standard(_ key: FrameKey) -> RawJSON? { members.isForeign(key) ? nil : members[key] }

    /// A member that has to be a string.
    private func required(_ key: FrameKey) throws(FrameFault) -> String {
        guard let text = try text(key) else { throw fault(.member(key.rawValue)) }
        return text
    }

    /// A member that has to be a string with something in it.
    private func name(_ key: FrameKey) throws(FrameFault) -> String {
        let name = try required(key)
        guard !name.allSatisfy(\.isWhitespace) else { throw fault(.member(key.rawValue)) }
        return name
    }

    /// A string; nil where it is missing or null.
    private func text(_ key: FrameKey, upTo limit: Int? = nil) throws(FrameFault) -> String? {
        guard let raw = members[key] else { return nil }
        guard raw.byteCount <= limit ?? limits.nameBytes, let text = raw.string else {
            throw fault(.member(key.rawValue))
        }
        return text
    }

    func fault(_ reason: FrameFault.Reason) -> FrameFault {
        func short(_ key: FrameKey) -> String? {
            members[key].flatMap { $0.byteCount <= limits.nameBytes ? $0.string : nil }
        }
        return FrameFault(reason: reason, type: short(.type), invocationID: short(.invocationID))
    }
}
