// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import Logging

/// One connection of a worker, for as long as the engine runs.
struct ConnectionID: Hashable, Sendable, Comparable {
    let number: UInt64

    static func < (left: ConnectionID, right: ConnectionID) -> Bool { left.number < right.number }
}

/// What the engine knows and decides: sessions, functions, calls, triggers.
///
/// A value without I/O: events in, actions out, to be carried out in their order. Frames of one connection come in as they
/// were sent.
struct Hub: Sendable {
    enum Event: Sendable {
        /// A worker's WebSocket is open; `milliseconds` since 1970.
        case connected(ConnectionID, Visitor, Door = Door(), BusIdentity = .owner, milliseconds: Int64)
        /// The project's files say something else by now.
        case rightsChanged(BusRights)
        case frame(ConnectionID, Frame)
        /// A message that is no frame.
        case fault(ConnectionID, FrameFault)
        /// Frames of this cost have left for the network.
        case written(ConnectionID, cost: Int)
        case disconnected(ConnectionID)
        case timer(Timer)
        case localResult(callID: String, InvocationResult.Outcome)
        case localEvent(LocalEvent)
    }

    enum Timer: Hashable, Sendable {
        case namespaceGrace(ConnectionID)
        case admission(ConnectionID)
        case acknowledgement(bindingID: String)
        case functionsChanged
        case observerExpires(String, stamp: UInt64)
    }

    enum Action: Sendable {
        case send(ConnectionID, Frame)
        /// Closes after what was sent before.
        case close(ConnectionID, WebSocketCloseCode)
        case start(Timer, after: Duration)
        case runLocally(LocalCall)
        case openChannel(ChannelTicket)
        case tell(WorkerPresence)
        case note(Logger.Level, Logger.Message, Logger.Metadata)
    }

    static let defaultNamespace = "default"

    let limits: EngineLimits
    /// The engine's version, as rows of its own functions show it.
    let version: String
    let startedAt: Int64
    let makeID: @Sendable () -> String
    /// Nanoseconds since 1970.
    let now: @Sendable () -> Int64
    /// Calls functions that are HTTP endpoints; nil where none are called.
    let endpoints: HTTPEndpointCaller?
    let budgets: WorkerBudgets

    var policy = BusPolicy()
    /// Grows with everything that decisions depend on, but for the functions themselves.
    var epoch: UInt64 = 0
    /// Of the last registration of a function.
    var lastStamp: UInt64 = 0
    /// What workers called on connections that are gone, by worker.
    var records: [String: BusRecord] = [:]
    /// Bindings of those who may not bind everything, by what they would call.
    var heldBindings: [FunctionName: Set<String>] = [:]

    var sessions: [ConnectionID: Session] = [:]
    /// By worker id, as a reconnecting worker names its former connection.
    var connections: [String: ConnectionID] = [:]
    /// By namespace, then name.
    var names: [String: [String: ConnectionID]] = [:]
    /// By namespace, then function id.
    var functions: [String: [String: RegisteredFunction]] = [:]
    var localFunctions: [String: LocalEntry] = [:]
    var localWorkers: [LocalWorker] = []
    /// What calls that run in the engine's own process hold, by call, and together.
    var localCosts: [String: Int] = [:]
    var localBytes = 0
    /// Of those that sandboxed workers made.
    var localBudgets: [String: (budget: ByteBudget, cost: Int)] = [:]
    /// By the id that the callee knows.
    var calls: [String: OpenCall] = [:]
    /// By namespace, then type id.
    var triggerTypes: [String: [String: TriggerType]] = [:]
    var bindings: [String: Binding] = [:]
    /// The bindings of the engine's own trigger types.
    var engineBindings: Set<String> = []
    /// Calls of `engine::register_trigger` that wait for a provider, by binding.
    var acknowledgements: [String: CallReference] = [:]
    var observers: [String: Observer] = [:]
    /// Observers by the function that they observe, in the order in which they came, and by the one that they call.
    var watchers: [FunctionName: [String]] = [:]
    var targets: [FunctionName: Set<String>] = [:]
    /// What is kept of calls that are observed.
    var observedBytes = 0
    var publishedFunctions: Set<FunctionName> = []
    var isFunctionsTimerRunning = false

    var actions: [Action] = []
    /// Connections that do not read what they are sent.
    var overloaded: [ConnectionID] = []

    init(
        limits: EngineLimits,
        version: String,
        startedAt: Int64 = 0,
        localWorkers: [LocalWorker] = [],
        endpoints: HTTPEndpointCaller? = nil,
        budgets: WorkerBudgets = WorkerBudgets(),
        now: @escaping @Sendable () -> Int64 = { 0 },
        makeID: @escaping @Sendable () -> String
    ) {
        self.limits = limits
        self.version = version
        self.startedAt = startedAt
        self.makeID = makeID
        self.now = now
        self.endpoints = endpoints
        self.budgets = budgets
        self.localWorkers = localWorkers
        for worker in localWorkers {
            for function in worker.functions {
                localFunctions[function.registration.id] = LocalEntry(worker: worker.name, function: function)
            }
        }
        installTriggerTypes()
    }

    /// Takes one event and says what is to be done.
    mutating func receive(_ event: Event) -> [Action] {
        switch event {
        case .connected(let id, let visitor, let door, let identity, let milliseconds):
            connect(id, visitor, door, identity, at: milliseconds)
        case .rightsChanged(let rights): change(rights)
        case .frame(let id, let frame): receive(frame, from: id)
        case .fault(let id, let fault): receive(fault, from: id)
        case .written(let id, let cost):
            sessions[id]?.queuedBytes -= cost
            sessions[id]?.budget?.give(cost)
        case .disconnected(let id): drop(id)
        case .timer(let timer): fire(timer)
        case .localResult(let callID, let outcome): endLocally(callID, outcome)
        case .localEvent(let event): fire(event)
        }
        while let id = overloaded.popLast() { dropUnread(id) }
        var result: [Action] = []
        swap(&result, &actions)
        return result
    }

    mutating func receive(_ frame: Frame, from id: ConnectionID) {
        guard let isAdmitted = sessions[id]?.isAdmitted else { return }
        guard isAdmitted else { return keepUnheard(frame, from: id) }
        switch frame {
        case .invoke(let call): invoke(call, from: id)
        case .result(let result): finish(result.id, result.outcome, from: .connection(id))
        case .registerFunction, .unregisterFunction, .registerService, .registerTriggerType, .unregisterTriggerType,
            .registerTrigger, .unregisterTrigger:
            registerOrWait(frame, from: id)
        case .triggerResult(let result): acknowledge(result, from: id)
        case .reattach(let previous, let token): reattach(id, previous: previous, token: token)
        case .ping: send(.pong, to: id)
        case .observation(let kind, let text): receive(kind, saying: text, from: id)
        case .pong, .workerRegistered, .registrationRejected, .error: break
        case .unknown(let type): note(.debug, "frame of an unknown type", id, ["frame.type": "\(type)"])
        }
    }

    private mutating func fire(_ timer: Timer) {
        switch timer {
        case .namespaceGrace(let id): resolveNamespace(of: id, to: Self.defaultNamespace)
        case .admission(let id): endAdmission(of: id)
        case .acknowledgement(let bindingID): acceptAcknowledgement(of: bindingID)
        case .functionsChanged: publishFunctions()
        case .observerExpires(let id, let stamp): expireObserver(id, stamp: stamp)
        }
    }

    // MARK: What every part uses

    mutating func send(_ frame: Frame, to id: ConnectionID) {
        // Looked up once: every call comes by here twice.
        guard let place = sessions.index(forKey: id) else { return }
        let cost = frame.cost
        sessions.values[place].queuedBytes += cost
        if let budget = sessions.values[place].budget {
            budget.force(cost)
            // Small frames get through, but not without end.
            if !budget.hasRoom(for: -(budget.limit / 4)) { overloaded.append(id) }
        }
        actions.append(.send(id, frame))
        // A little more than calls may fill, so that answers and small frames still get through.
        if sessions.values[place].queuedBytes > limits.outboundBytes + limits.outboundBytes / 4 {
            overloaded.append(id)
        }
    }

    mutating func note(
        _ level: Logger.Level,
        _ message: Logger.Message,
        _ id: ConnectionID? = nil,
        _ metadata: Logger.Metadata = [:]
    ) {
        var metadata = metadata
        if let id, let session = sessions[id] {
            metadata["worker.id"] = "\(session.workerID)"
            if let name = session.name { metadata["worker.name"] = "\(name)" }
        }
        actions.append(.note(level, message, metadata))
    }
}

/// A function's key in the table.
struct FunctionName: Hashable, Sendable {
    var namespace: String
    var id: String
}
