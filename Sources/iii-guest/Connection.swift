// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CGuest

/// A connection that the worker made to one of the listened ports.
struct Connection {
    let stream: UInt32
    private(set) var descriptor: Int32
    /// Sent to the host, and not yet used up there.
    var onTheWay = 0
    /// From the host, not yet written.
    var pending: [UInt8] = []
    /// No more will come from the host.
    var outputEnds = false
    private var inputEnded = false
    private var outputEnded = false
    private(set) var isClosed = false

    init(stream: UInt32, descriptor: Int32) {
        self.stream = stream
        self.descriptor = descriptor
    }

    var mayRead: Bool { !inputEnded && onTheWay < Limit.window }

    mutating func move(_ agent: Agent) {
        write(agent)
        guard !isClosed, mayRead else { return }
        guard let bytes = readSome(descriptor, upTo: min(Limit.payload, Limit.window - onTheWay)) else {
            inputEnded = true
            agent.send(Kind.finish, stream, [])
            return closeIfDone(agent)
        }
        guard !bytes.isEmpty else { return }
        onTheWay += bytes.count
        agent.send(Kind.data, stream, bytes)
    }

    mutating func write(_ agent: Agent) {
        guard !isClosed else { return }
        if !pending.isEmpty {
            let count = writeSome(descriptor, pending[...])
            if count < 0 {
                agent.send(Kind.close, stream, [])
                return close()
            }
            if count > 0 {
                pending.removeFirst(count)
                agent.send(Kind.credit, stream, littleEndian(UInt32(count)))
            }
        }
        if outputEnds, pending.isEmpty, !outputEnded {
            outputEnded = true
            _ = guest_end_output(descriptor)
            closeIfDone(agent)
        }
    }

    private mutating func closeIfDone(_ agent: Agent) {
        guard inputEnded, outputEnded, pending.isEmpty else { return }
        agent.send(Kind.close, stream, [])
        close()
    }

    mutating func close() {
        guard !isClosed else { return }
        isClosed = true
        CGuest.close(descriptor)
        descriptor = -1
    }
}
