// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import Logging
import NIOCore
import Synchronization

@testable import Engine

/// A hub and what it does, without sockets, clocks or chance.
struct HubDriver {
    private(set) var hub: Hub
    private var inboxes: [ConnectionID: [Frame]] = [:]
    private(set) var closed: [ConnectionID: WebSocketCloseCode] = [:]
    private(set) var timers: [Hub.Timer] = []
    private(set) var localCalls: [LocalCall] = []
    private(set) var tickets: [ChannelTicket] = []
    private(set) var presences: [WorkerPresence] = []
    private(set) var notes: [String] = []
    private(set) var lines: [(level: Logger.Level, metadata: Logger.Metadata)] = []
    private var last: UInt64 = 0
    /// Whether what is sent leaves at once.
    var isWriting = true

    init(
        _ change: (inout EngineLimits) -> Void = { _ in },
        localWorkers: [LocalWorker] = [],
        endpoints: HTTPEndpointCaller? = nil
    ) {
        var limits = EngineLimits.standard
        change(&limits)
        let count = Mutex(0)
        hub = Hub(
            limits: limits,
            version: "1.2.3",
            startedAt: 7,
            localWorkers: localWorkers,
            endpoints: endpoints
        ) {
            count.withLock {
                $0 += 1
                return "id-\($0)"
            }
        }
    }

    mutating func receive(_ event: Hub.Event) {
        for action in hub.receive(event) {
            switch action {
            case .send(let id, let frame):
                inboxes[id, default: []].append(frame)
                if isWriting { receive(.written(id, cost: frame.cost)) }
            case .close(let id, let code): closed[id] = code
            case .start(let timer, _): timers.append(timer)
            case .runLocally(let call): localCalls.append(call)
            case .openChannel(let ticket): tickets.append(ticket)
            case .tell(let presence): presences.append(presence)
            case .note(let level, let message, let metadata):
                notes.append(message.description)
                lines.append((level, metadata))
            }
        }
    }

    /// Opens a connection, and forgets the greeting.
    mutating func connect(_ door: Door = Door(), as identity: BusIdentity = .owner) -> ConnectionID {
        last += 1
        let id = ConnectionID(number: last)
        receive(.connected(id, Visitor(address: "127.0.0.1"), door, identity, milliseconds: 1000))
        return id
    }

    /// Opens a connection and announces it.
    mutating func worker(
        _ name: String?,
        namespace: String? = nil,
        functions: [String] = [],
        as identity: BusIdentity = .owner
    ) -> ConnectionID {
        let id = connect(as: identity)
        announce(id, name, namespace: namespace)
        for function in functions { send(id, .registerFunction(FunctionRegistration(id: function))) }
        _ = take(id)
        return id
    }

    mutating func announce(_ id: ConnectionID, _ name: String?, namespace: String? = nil) {
        var data: JSONObject = ["runtime": "test", "pid": 1]
        if let name { data["name"] = .string(name) }
        data["namespace"] = namespace.map { .string($0) } ?? .null
        let call = InvokeFunction(
            id: nil,
            functionID: "engine::workers::register",
            data: RawJSON(.object(data)),
            action: .void
        )
        send(id, .invoke(call))
    }

    mutating func send(_ id: ConnectionID, _ frame: Frame) { receive(.frame(id, frame)) }

    /// What was sent to a connection since this was last asked.
    mutating func take(_ id: ConnectionID) -> [Frame] { inboxes.removeValue(forKey: id) ?? [] }

    /// The calls among what was sent to a connection.
    mutating func takeCalls(_ id: ConnectionID) -> [InvokeFunction] {
        take(id).compactMap { frame in
            if case .invoke(let call) = frame { return call }
            return nil
        }
    }

    /// The answers among what was sent to a connection, as JSON: results, or errors below `error`.
    mutating func takeAnswers(_ id: ConnectionID) -> [JSONValue] {
        take(id).compactMap { frame in
            guard case .result(let result) = frame else { return nil }
            switch result.outcome {
            case .success(let value): return value?.value() ?? .null
            case .failure(let error): return ["error": error.value() ?? .null]
            }
        }
    }

    /// Calls a function and answers with what came back.
    mutating func call(
        _ id: ConnectionID,
        _ function: String,
        _ data: JSONValue = [:],
        as call: String = "c"
    ) -> JSONValue? {
        send(id, .invoke(InvokeFunction(id: call, functionID: function, data: RawJSON(data))))
        return takeAnswers(id).last
    }
}

extension Frame {
    static func ok(_ id: String, _ value: JSONValue = nil) -> Frame {
        .result(InvocationResult(id: id, functionID: "f", outcome: .success(RawJSON(value))))
    }

    static func call(
        _ id: String?,
        _ function: String,
        namespace: String? = nil,
        action: InvokeFunction.Action = .call
    ) -> Frame {
        .invoke(InvokeFunction(id: id, functionID: function, data: .emptyObject, namespace: namespace, action: action))
    }
}
