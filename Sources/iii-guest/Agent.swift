// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CGuest

/// One loop over the channel, the children and the connections.
///
/// Nothing here blocks: what cannot be written waits in a buffer that credit bounds, and where the host is slow nothing more
/// is read.
final class Agent {
    let channel: Int32
    /// The first process of a machine, not of namespaces.
    let isMachine: Bool
    var children: [Child] = []
    var connections: [Connection] = []
    var listeners: [StartRequest.Listener] = []
    /// Of the worker, for commands beside it.
    var environment: [[CChar]] = []
    var limits = StartRequest([])
    private var signals: Int32 = -1
    private var inbox: [UInt8] = []
    private var outbox: [UInt8] = []
    private var sent = 0
    private var nextConnection = Limit.firstConnection

    init(channel: Int32, isMachine: Bool) {
        self.channel = channel
        self.isMachine = isMachine
    }

    func prepare() {
        _ = guest_set_nonblocking(channel)
        _ = guest_close_on_exec(channel)
        signals = guest_child_signals()
        _ = guest_hide()
        // A machine is saved when it has spoken, with its filter. Else what the host answers comes while that is made.
        if !isMachine { greet() }
        guard guest_make_filter() == 0 else {
            send(Kind.failure, 0, bytes("the filter of system calls could not be made"))
            flush()
            leave()
        }
        if isMachine { greet() }
    }

    private func greet() {
        send(Kind.hello, 0, [Limit.version])
        flush()
    }

    func send(_ kind: UInt8, _ stream: UInt32, _ payload: some Collection<UInt8>) {
        outbox += littleEndian(UInt32(payload.count))
        outbox += littleEndian(stream)
        outbox.append(kind)
        outbox += payload
    }

    private var isCrowded: Bool { outbox.count - sent > Limit.outbox }

    func run() -> Never {
        while true {
            flush()
            var watched = [watch(channel, reads: true, writes: sent < outbox.count), watch(signals, reads: true)]
            let reads = !isCrowded
            for listener in listeners {
                watched.append(watch(listener.descriptor, reads: reads && connections.count < Limit.connections))
            }
            for child in children {
                watched.append(watch(child.output, reads: reads && child.mayRead))
                watched.append(watch(child.error, reads: reads && child.mayRead))
                watched.append(watch(child.input, reads: false, writes: !child.pending.isEmpty))
            }
            for connection in connections {
                watched.append(
                    watch(
                        connection.descriptor,
                        reads: reads && connection.mayRead,
                        writes: !connection.pending.isEmpty
                    )
                )
            }
            guard poll(&watched, nfds_t(watched.count), -1) >= 0 || guest_errno() == EINTR else { leave() }
            serve(watched)
        }
    }

    private func watch(_ descriptor: Int32, reads: Bool, writes: Bool = false) -> pollfd {
        // A negative descriptor is passed over by poll; one that nothing is wanted of must not wake us by hanging up.
        let events = Int16((reads ? POLLIN : 0) | (writes ? POLLOUT : 0))
        return pollfd(fd: events == 0 ? -1 : descriptor, events: events, revents: 0)
    }

    private func serve(_ watched: [pollfd]) {
        var index = 2
        let accepting = listeners.count
        let (wasChildren, wasConnections) = (children.count, connections.count)
        for number in 0..<accepting where watched[index + number].revents != 0 { accept(number) }
        index += accepting
        for number in 0..<wasChildren {
            if watched[index].revents != 0 { children[number].readOutput(self, isError: false) }
            if watched[index + 1].revents != 0 { children[number].readOutput(self, isError: true) }
            if watched[index + 2].revents != 0 { children[number].writeInput(self) }
            index += 3
        }
        for number in 0..<wasConnections where watched[index + number].revents != 0 {
            connections[number].move(self)
        }
        if watched[1].revents != 0 { reap() }
        if watched[0].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 { receive() }
        settle()
    }

    /// Reports children that ended and were read to the end, and forgets what is done.
    private func settle() {
        for index in children.indices { children[index].finishIfDone(self) }
        children.removeAll { $0.isReported }
        connections.removeAll { $0.isClosed }
    }

    private func flush() {
        while sent < outbox.count {
            let count = writeSome(channel, outbox[sent...])
            if count < 0 { leave() }
            if count == 0 { break }
            sent += count
        }
        if sent == outbox.count {
            outbox.removeAll(keepingCapacity: true)
            sent = 0
        } else if sent > Limit.outbox {
            outbox.removeFirst(sent)
            sent = 0
        }
    }

    private func receive() {
        // A port of a machine hands out one page at a time: read on while there is more.
        for _ in 0..<16 {
            guard let bytes = readSome(channel, upTo: Limit.payload) else { return channelEnded() }
            inbox += bytes
            if bytes.count == 0 { break }
        }
        var offset = 0
        while inbox.count - offset >= Limit.header {
            let length = Int(word(inbox, at: offset))
            guard length <= Limit.payload else { leave() }
            let end = offset + Limit.header + length
            guard inbox.count >= end else { break }
            let payload = Array(inbox[(offset + Limit.header)..<end])
            handle(kind: inbox[offset + 8], stream: word(inbox, at: offset + 4), payload)
            offset = end
        }
        inbox.removeFirst(offset)
    }

    /// In namespaces the host is gone, and so is everything.
    ///
    /// A machine's port has no reader for a moment when it is restored: its emulator dies with the host, so it waits.
    private func channelEnded() {
        guard isMachine else { leave() }
        usleep(1000)
    }

    func leave() -> Never {
        if isMachine { guest_power_off() }
        // The first process of a namespace takes all others with it.
        if getpid() != 1 { for child in children { kill(-child.process, SIGKILL) } }
        exit(0)
    }

    private func accept(_ number: Int) {
        let descriptor = guest_accept(listeners[number].descriptor)
        guard descriptor >= 0 else { return }
        let stream = nextConnection
        nextConnection = nextConnection == .max ? Limit.firstConnection : nextConnection + 1
        connections.append(Connection(stream: stream, descriptor: descriptor))
        send(Kind.open, stream, [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)])
    }

    private func reap() {
        guest_drain_signals(signals)
        var (kind, value): (Int32, Int32) = (0, 0)
        while true {
            let process = guest_reap(&kind, &value)
            if process == 0 { return }
            for index in children.indices where children[index].process == process {
                children[index].end = (UInt8(kind), value)
            }
        }
    }
}
