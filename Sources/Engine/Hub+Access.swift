// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import Logging

/// What a call of the engine's own is asked for, and what waits for its answer.
enum Question: Sendable {
    /// A binding's condition: its function is called with `data` unless the answer is `false`.
    case condition(bindingID: String, data: RawJSON)
    /// Whether a guest is welcome.
    case admission(ConnectionID)
    /// Whether a guest's registration is welcome, and in which form.
    case registration(ConnectionID, Frame)
    /// The call of an observer's target: the next one waits for its end.
    case activation(observerID: String, stamp: UInt64)
}

extension Hub {
    // MARK: Letting in

    /// Lets a new connection in, or asks first.
    mutating func receiveGuest(_ id: ConnectionID, _ visitor: Visitor) {
        guard let authentication = sessions[id]?.door.rules?.authentication else { return admit(id, AccessGrant()) }
        actions.append(.start(.admission(id), after: limits.handshake))
        let call = InvokeFunction(id: nil, functionID: authentication, data: visitor.json)
        do throws(CallFailure) {
            try hand(call, in: Self.defaultNamespace, caller: .question(.admission(id)), callerID: nil)
        } catch { refuse(id, error.message) }
    }

    private mutating func admit(_ id: ConnectionID, _ grant: AccessGrant) {
        guard let session = sessions[id], !session.isAdmitted else { return }
        sessions[id]?.isAdmitted = true
        if session.door.rules != nil { sessions[id]?.grant = grant }
        sessions[id]?.unheard = []
        session.budget?.give(session.waitingBytes)
        sessions[id]?.waitingBytes = 0
        send(
            .workerRegistered(
                workerID: session.workerID,
                reattachToken: session.reattachToken,
                features: Self.features
            ),
            to: id
        )
        actions.append(.start(.namespaceGrace(id), after: limits.namespaceGrace))
        note(.debug, "worker connected", id, ["peer.address": "\(session.address ?? "unknown")"])
        fireWorkersAvailable("worker_connected", session.workerID)
        for frame in session.unheard { receive(frame, from: id) }
    }

    /// Keeps what a guest says before it is let in.
    mutating func keepUnheard(_ frame: Frame, from id: ConnectionID) {
        sessions[id]?.unheard.append(frame)
        sessions[id]?.waitingBytes += frame.cost
        sessions[id]?.budget?.force(frame.cost)
        if let bytes = sessions[id]?.waitingBytes, bytes > limits.waitingBytes { refuse(id, "too much was sent") }
    }

    /// The time to be let in is over.
    mutating func endAdmission(of id: ConnectionID) {
        if sessions[id]?.isAdmitted == false { refuse(id, "the authentication function did not answer in time") }
    }

    private mutating func refuse(_ id: ConnectionID, _ reason: String) {
        note(.warning, "connection refused", id, ["reason": "\(reason)"])
        send(.error(code: "AUTH_ERROR", message: reason), to: id)
        actions.append(.close(id, .policy))
        drop(id)
    }

    // MARK: Answers

    mutating func settle(_ question: Question, _ outcome: InvocationResult.Outcome) {
        switch (question, outcome) {
        case (.condition(let bindingID, let data), .success(let value)):
            if value?.description != "false" { deliver(data, to: bindingID) }
        case (.condition, .failure): break
        case (.activation(let observerID, let stamp), _): endActivation(of: observerID, stamp: stamp)
        case (.admission(let id), .success(let value)):
            do throws(JSONShapeError) { admit(id, try AccessGrant(parsing: value)) } catch {
                refuse(id, "the authentication function's answer cannot be read: \(error.message)")
            }
        case (.admission(let id), .failure(let error)):
            refuse(id, error.member("message")?.string ?? "not authenticated")
        case (.registration(let id, let frame), .success(let value)): approve(frame.changed(by: value), from: id)
        case (.registration(let id, let frame), .failure(let error)):
            deny(frame, from: id, error.member("message")?.string ?? "registration denied")
        }
    }

    // MARK: Middleware

    /// What a listener's middleware is called with instead of the function that was asked for.
    func throughMiddleware(_ call: InvokeFunction, in namespace: String, from id: ConnectionID) -> InvokeFunction? {
        guard sessions[id]?.hasMiddleware == true, let session = sessions[id], let middleware = session.door.middleware
        else { return nil }
        var inner = call
        inner.functionID = middleware
        inner.namespace = nil
        inner.data = JSONBuilder.object { object in
            object.member("function_id", call.functionID)
            object.nullable("payload", call.data)
            object.nullable("action", call.action.json)
            object.member("context", session.grant.context)
            object.member("namespace", namespace)
        }
        return inner
    }
}

extension InvokeFunction.Action {
    fileprivate var json: RawJSON? {
        switch self {
        case .call: nil
        case .void: JSONBuilder.object { $0.member("type", "void") }
        case .enqueue(let queue):
            JSONBuilder.object { object in
                object.member("type", "enqueue")
                object.member("queue", queue)
            }
        }
    }
}
