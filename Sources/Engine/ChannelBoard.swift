// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import NIOCore
import Synchronization
import WebSockets

/// The channels between workers that exist now.
final class ChannelBoard: Sendable {
    enum Direction: String, Sendable {
        case write
        case read
    }

    private let channels = Mutex<[String: RelayChannel]>([:])
    private let limits: EngineLimits
    private let group: any EventLoopGroup

    init(limits: EngineLimits, group: any EventLoopGroup) {
        self.limits = limits
        self.group = group
    }

    /// Makes a channel; its ends are found by id and key until both have been taken and left, or nobody came.
    ///
    /// Where there are too many, the channel is not made, and its ends are not found.
    func open(_ ticket: ChannelTicket) {
        let channel = RelayChannel(ticket, bytes: limits.channelBytes)
        let isMade = channels.withLock { channels in
            guard channels.count < limits.channels else { return false }
            channels[ticket.id] = channel
            return true
        }
        guard isMade else { return ticket.budget?.give(ChannelTicket.cost) ?? () }
        sweep(ticket.id, lastActivity: 0)
    }

    /// The channel of a path such as `/ws/channels/ID?key=KEY&dir=write`.
    func find(_ uri: String) -> (RelayChannel, Direction)? {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = parts.first, path.hasPrefix("/ws/channels/") else { return nil }
        var query: [Substring: Substring] = [:]
        for pair in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if sides.count == 2 { query[sides[0]] = sides[1] }
        }
        let id = String(path.dropFirst("/ws/channels/".count))
        guard let direction = query["dir"].flatMap({ Direction(rawValue: String($0)) }), let key = query["key"],
            let channel = channels.withLock({ $0[id] }), channel.ticket.key == key
        else { return nil }
        return (channel, direction)
    }

    func remove(_ id: String) { channels.withLock { $0.removeValue(forKey: id) }?.forget() }

    func closeAll() {
        let all = channels.withLock { channels in
            defer { channels = [:] }
            return Array(channels.values)
        }
        for channel in all { channel.closeEnds(.goingAway) }
    }

    /// Ends a channel that lacks an end and in which nothing has happened for a while.
    private func sweep(_ id: String, lastActivity: Int?) {
        group.any().scheduleTask(in: TimeAmount(limits.channelIdle)) { [weak self] in
            guard let self, let channel = channels.withLock({ $0[id] }) else { return }
            let activity = channel.activity
            if activity == nil || activity != lastActivity { return sweep(id, lastActivity: activity) }
            remove(id)
            channel.closeEnds(.goingAway)
        }
    }
}

/// One channel: messages of its writer, in their order, kept until its reader takes them.
final class RelayChannel: Sendable {
    private struct State {
        var writer: WebSocketLink?
        var reader: WebSocketLink?
        var isWriterTaken = false
        var isReaderTaken = false
        /// The writer has closed; the reader gets what waits, then the end.
        var isFinished = false
        var waiting: [OutboundMessage] = []
        /// What was sent to the reader and not yet written, and what waits.
        var keptMessages = 0
        var keptBytes = 0
        /// What of that is held against the maker's budget; nil once the channel is gone.
        var budgeted: Int? = 0
        /// Grows with everything that happens.
        var activity = 0
        /// Reads on once there is room.
        var resume: (@Sendable () -> Void)?
    }

    let ticket: ChannelTicket
    private let bytes: Int
    private let state = Mutex(State())

    init(_ ticket: ChannelTicket, bytes: Int) {
        self.ticket = ticket
        self.bytes = bytes
    }

    /// What has happened so far; nil while both ends are connected, when silence means nothing.
    var activity: Int? { state.withLock { $0.writer != nil && $0.reader != nil ? nil : $0.activity } }

    /// Gives one end to a connection; false where it was given before.
    func take(_ direction: ChannelBoard.Direction, _ link: WebSocketLink) -> Bool {
        state.withLock { state in
            switch direction {
            case .write:
                guard !state.isWriterTaken else { return false }
                state.isWriterTaken = true
                state.writer = link
            case .read:
                guard !state.isReaderTaken else { return false }
                state.isReaderTaken = true
                state.reader = link
                for message in state.waiting { link.send(message) }
                state.waiting = []
                if state.isFinished { link.close(.normal) }
            }
            return true
        }
    }

    /// Takes a message of the writer.
    func relay(_ message: OutboundMessage) {
        state.withLock { state in
            state.activity += 1
            state.keptMessages += 1
            state.keptBytes += message.cost
            if let budget = ticket.budget {
                guard let budgeted = state.budgeted, budget.take(message.cost) else {
                    // What goes beyond is the end of the channel, not of the engine.
                    state.waiting = []
                    state.writer?.close(.tooLarge)
                    state.reader?.close(.tooLarge)
                    return
                }
                state.budgeted = budgeted + message.cost
            }
            if let reader = state.reader { reader.send(message) } else { state.waiting.append(message) }
        }
    }

    /// Whether the writer is to be read from now; if not, `resume` is called once it is.
    func hasRoom(orElse resume: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            if state.keptMessages < ticket.capacity, state.keptBytes < bytes { return true }
            state.resume = resume
            return false
        }
    }

    /// The reader's connection has taken messages.
    func written(messages: Int, cost: Int) {
        let resume = state.withLock { state -> (@Sendable () -> Void)? in
            state.activity += 1
            state.keptMessages -= messages
            state.keptBytes -= cost
            if let budgeted = state.budgeted, let budget = ticket.budget {
                let given = min(cost, budgeted)
                state.budgeted = budgeted - given
                budget.give(given)
            }
            defer { state.resume = nil }
            return state.resume
        }
        resume?()
    }

    /// An end has gone; true where both have, and nothing can come any more.
    func leave(_ direction: ChannelBoard.Direction) -> Bool {
        state.withLock { state in
            switch direction {
            case .write:
                state.writer = nil
                state.isFinished = true
                state.reader?.close(.normal)
                return state.isReaderTaken && state.reader == nil
            case .read:
                state.reader = nil
                state.writer?.close(.normal)
                return state.isFinished || state.writer == nil
            }
        }
    }

    /// Nothing is held any more.
    func forget() {
        let held = state.withLock { state in
            defer { state.budgeted = nil }
            return state.budgeted
        }
        if let held { ticket.budget?.give(held + ChannelTicket.cost) }
    }

    func closeEnds(_ code: WebSocketCloseCode) {
        let links = state.withLock { [$0.writer, $0.reader] }
        for link in links { link?.close(code) }
    }
}

/// One end of a channel.
final class ChannelEndpoint: WebSocketEndpoint {
    private let board: ChannelBoard
    private let channel: RelayChannel
    private let direction: ChannelBoard.Direction
    private var isMine = false

    init(board: ChannelBoard, channel: RelayChannel, direction: ChannelBoard.Direction) {
        self.board = board
        self.channel = channel
        self.direction = direction
    }

    func opened(_ link: WebSocketLink) {
        isMine = channel.take(direction, link)
        if !isMine { link.close(.policy) }
    }

    func received(text: ByteBuffer) {
        // A reader would have to close on text that is none.
        guard isMine, direction == .write, String(validating: text.readableBytesView, as: UTF8.self) != nil else {
            return
        }
        channel.relay(.text(text))
    }

    func received(binary: ByteBuffer) {
        if isMine, direction == .write { channel.relay(.binary(binary)) }
    }

    func mayRead(orElse resume: @escaping @Sendable () -> Void) -> Bool {
        direction == .read || channel.hasRoom(orElse: resume)
    }

    func written(messages: Int, cost: Int) {
        if isMine, direction == .read { channel.written(messages: messages, cost: cost) }
    }

    func closed(_ code: WebSocketCloseCode?) {
        guard isMine else { return }
        if channel.leave(direction) { board.remove(channel.ticket.id) }
    }
}
