// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import Logging
import NIOCore
import Synchronization
import WebSockets

/// Keeps the hub and carries out what it decides.
///
/// Events may come from any thread. Actions are carried out in the order in which the hub made them, before the next event
/// is taken: what two peers are told about one thing is told in one order.
final class Switchboard: Sendable {
    private struct State {
        var hub: Hub
        var links: [ConnectionID: WebSocketLink] = [:]
        var lastID: UInt64 = 0
    }

    let channels: ChannelBoard
    private let state: Mutex<State>
    private let group: any EventLoopGroup
    private let logger: Logger
    private let now: @Sendable () -> Int64
    private let localCalls: AsyncStream<LocalCall>.Continuation
    private let presences: AsyncStream<WorkerPresence>.Continuation?

    init(
        hub: Hub,
        channels: ChannelBoard,
        group: any EventLoopGroup,
        logger: Logger,
        now: @escaping @Sendable () -> Int64,
        localCalls: AsyncStream<LocalCall>.Continuation,
        presences: AsyncStream<WorkerPresence>.Continuation?
    ) {
        state = Mutex(State(hub: hub))
        self.channels = channels
        self.group = group
        self.logger = logger
        self.now = now
        self.localCalls = localCalls
        self.presences = presences
    }

    func connect(
        _ link: WebSocketLink,
        _ visitor: Visitor,
        _ door: Door,
        _ identity: BusIdentity
    ) -> ConnectionID {
        let (id, notes) = state.withLock { state in
            state.lastID += 1
            let id = ConnectionID(number: state.lastID)
            state.links[id] = link
            return (id, perform(.connected(id, visitor, door, identity, milliseconds: now()), &state))
        }
        log(notes)
        return id
    }

    func disconnect(_ id: ConnectionID) {
        let notes = state.withLock { state in
            state.links[id] = nil
            return perform(.disconnected(id), &state)
        }
        log(notes)
    }

    func receive(_ event: Hub.Event) { log(state.withLock { perform(event, &$0) }) }

    func record(of worker: String) -> BusRecord { state.withLock { $0.hub.record(of: worker) } }

    /// Says goodbye to every worker.
    func closeAll() {
        let links = state.withLock { Array($0.links.values) }
        for link in links { link.close(.goingAway) }
        channels.closeAll()
    }

    var connectionCount: Int { state.withLock { $0.links.count } }

    // MARK: Actions

    /// - Returns: what is to be logged, once the lock is free.
    private func perform(_ event: Hub.Event, _ state: inout State) -> [Hub.Action] {
        var notes: [Hub.Action] = []
        for action in state.hub.receive(event) {
            switch action {
            case .send(let id, let frame): state.links[id]?.send(.frame(frame))
            case .close(let id, let code): state.links[id]?.close(code)
            case .start(let timer, let delay): start(timer, delay)
            case .runLocally(let call): localCalls.yield(call)
            case .openChannel(let ticket): channels.open(ticket)
            case .tell(let presence): presences?.yield(presence)
            case .note: notes.append(action)
            }
        }
        return notes
    }

    private func start(_ timer: Hub.Timer, _ delay: Duration) {
        group.any().scheduleTask(in: TimeAmount(delay)) { [weak self] in self?.receive(.timer(timer)) }
    }

    private func log(_ notes: [Hub.Action]) {
        for case .note(let level, let message, let metadata) in notes {
            logger.log(level: level, message, metadata: metadata)
        }
    }
}
