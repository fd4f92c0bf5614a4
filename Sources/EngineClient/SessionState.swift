// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol

/// How a worker introduces itself.
package struct WorkerIntroduction: Sendable, Hashable {
    package var name: String
    package var runtime: String
    package var version: String
    package var description: String?
    package var namespace: String?
    package var isolation: String?
    package var operatingSystem: String
    package var processID: Int32

    package init(
        name: String,
        runtime: String,
        version: String,
        description: String? = nil,
        namespace: String? = nil,
        isolation: String? = nil,
        operatingSystem: String,
        processID: Int32
    ) {
        self.name = name
        self.runtime = runtime
        self.version = version
        self.description = description
        self.namespace = namespace
        self.isolation = isolation
        self.operatingSystem = operatingSystem
        self.processID = processID
    }

    var frame: Frame {
        let data = JSONBuilder.object { object in
            object.member("name", name)
            object.member("runtime", runtime)
            object.member("version", version)
            object.member("os", operatingSystem)
            object.member("pid", processID)
            object.nullable("isolation", isolation)
            object.nullable("namespace", namespace)
            object.optional("description", description)
        }
        return .invoke(InvokeFunction(id: nil, functionID: "engine::workers::register", data: data, action: .void))
    }
}

/// What one end of a lasting conversation with an engine knows, and which frames follow from it.
///
/// What is registered is said again after each reconnect; calls that are made without a connection wait for one; calls that
/// had been sent when a connection broke fail, since nobody can tell whether they were carried out.
struct SessionState {
    /// What a frame asks of its receiver.
    enum Effect: Equatable {
        case none
        case answered(callID: String, InvocationResult.Outcome)
        case invoked(InvokeFunction)
        /// Somebody else has this function.
        case functionTaken(String)
        /// The trigger's worker does not bind this function, and why.
        case triggerRefused(functionID: String, reason: String)
        /// Somebody else has this worker's name; no reconnect would help.
        case nameTaken(String)
        case send(Frame)
    }

    /// How many calls may wait for a connection; the oldest gives way.
    static let longestQueue = 1000

    private let introduction: WorkerIntroduction?
    private var identity: (workerID: String, token: String?)?
    private var functions: [FunctionRegistration] = []
    private var triggers: [TriggerRegistration] = []
    private var queue: [InvokeFunction] = []
    private var sent: Set<String> = []
    private(set) var isOpen = false
    /// Whether the engine has greeted this connection.
    private(set) var isGreeted = false

    init(introduction: WorkerIntroduction?) { self.introduction = introduction }

    /// A connection is there: what has to be sent on it first.
    mutating func opened() -> [Frame] {
        (isOpen, isGreeted) = (true, false)
        var frames: [Frame] = []
        if let identity { frames.append(.reattach(previousWorkerID: identity.workerID, token: identity.token)) }
        frames += functions.map { .registerFunction($0) } + triggers.map { .registerTrigger($0) }
        if let introduction { frames.append(introduction.frame) }
        for call in queue {
            if let id = call.id { sent.insert(id) }
            frames.append(.invoke(call))
        }
        queue = []
        return frames
    }

    /// The connection is gone: the calls that fail with it.
    mutating func closed() -> [String] {
        isOpen = false
        defer { sent = [] }
        return sent.sorted()
    }

    /// Takes up a function; what is to be sent now, if anything.
    mutating func register(_ function: FunctionRegistration) -> Frame? {
        functions.removeAll { $0.id == function.id }
        functions.append(function)
        return isOpen ? .registerFunction(function) : nil
    }

    mutating func unregister(_ id: String) -> Frame? {
        functions.removeAll { $0.id == id }
        return isOpen ? .unregisterFunction(id: id) : nil
    }

    /// Takes up a binding; what is to be sent now, if anything.
    mutating func bind(_ trigger: TriggerRegistration) -> Frame? {
        var trigger = trigger
        trigger.namespace = trigger.namespace ?? introduction?.namespace
        triggers.append(trigger)
        return isOpen ? .registerTrigger(trigger) : nil
    }

    mutating func unbind(_ id: String) -> Frame? {
        guard let index = triggers.firstIndex(where: { $0.id == id }) else { return nil }
        let type = triggers.remove(at: index).triggerType
        return isOpen ? .unregisterTrigger(id: id, triggerType: type) : nil
    }

    /// Takes up a call: what is to be sent now, and the id of a call that gave way to it.
    mutating func call(_ call: InvokeFunction) -> (send: Frame?, dropped: String?) {
        if isOpen {
            if let id = call.id { sent.insert(id) }
            return (.invoke(call), nil)
        }
        queue.append(call)
        guard queue.count > Self.longestQueue else { return (nil, nil) }
        return (nil, queue.removeFirst().id)
    }

    /// A call that nobody waits for any more.
    mutating func forget(_ id: String) {
        sent.remove(id)
        queue.removeAll { $0.id == id }
    }

    mutating func receive(_ frame: Frame) -> Effect {
        switch frame {
        case .workerRegistered(let workerID, let token, _):
            identity = (workerID, token)
            isGreeted = true
            return .none
        case .invoke(let call): return .invoked(call)
        case .result(let result):
            return sent.remove(result.id) == nil ? .none : .answered(callID: result.id, result.outcome)
        case .registrationRejected(let rejection):
            switch rejection.subject {
            case .function(let id): return .functionTaken(id)
            case .worker(let name): return .nameTaken(name)
            }
        case .triggerResult(let result):
            guard let error = result.error else { return .none }
            let reason = error.member("message")?.string ?? error.description
            return .triggerRefused(functionID: result.functionID, reason: reason)
        case .ping: return .send(.pong)
        default: return .none
        }
    }
}
