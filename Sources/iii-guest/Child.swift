// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CGuest

/// The worker, or a command beside it.
struct Child {
    let stream: UInt32
    let process: pid_t
    let isTerminal: Bool
    var input: Int32
    var output: Int32
    var error: Int32
    /// Sent to the host, and not yet used up there.
    var onTheWay = 0
    /// From the host, not yet written.
    var pending: [UInt8] = []
    var inputEnds = false
    /// 0 and a status, or 1 and a signal, once it has ended.
    var end: (kind: UInt8, value: Int32)?
    var isReported = false

    init(stream: UInt32, started child: guest_child) {
        self.stream = stream
        process = child.process
        isTerminal = child.has_terminal != 0
        (input, output, error) = (child.input, child.output, child.error)
    }

    var mayRead: Bool { onTheWay < Limit.window }

    /// Passes on what there is to read, within the window; false at the end and where nothing is there now.
    @discardableResult
    mutating func readOutput(_ agent: Agent, isError: Bool) -> Bool {
        let descriptor = isError ? error : output
        guard descriptor >= 0, mayRead else { return false }
        guard let bytes = readSome(descriptor, upTo: min(Limit.payload, Limit.window - onTheWay)) else {
            closeOutput(isError)
            return false
        }
        if bytes.isEmpty { return false }
        onTheWay += bytes.count
        agent.send(isError ? Kind.errorOutput : Kind.output, stream, bytes)
        return true
    }

    private mutating func closeOutput(_ isError: Bool) {
        if isError {
            close(error)
            error = -1
        } else {
            if isTerminal { input = -1 }
            close(output)
            output = -1
        }
    }

    mutating func writeInput(_ agent: Agent) {
        if input >= 0, !pending.isEmpty {
            let count = writeSome(input, pending[...])
            if count < 0 { closeInput() }
            if count > 0 {
                pending.removeFirst(count)
                agent.send(Kind.credit, stream, littleEndian(UInt32(count)))
            }
        }
        if input < 0, !pending.isEmpty {
            // Nobody reads it: used up all the same, so that the host goes on.
            agent.send(Kind.credit, stream, littleEndian(UInt32(pending.count)))
            pending.removeAll()
        }
        guard pending.isEmpty, inputEnds else { return }
        if isTerminal, input >= 0 {
            // A terminal has no end of input but the character for it.
            _ = write(input, "\u{4}", 1)
            inputEnds = false
        } else {
            closeInput()
        }
    }

    private mutating func closeInput() {
        guard input >= 0, !isTerminal else { return }
        close(input)
        input = -1
    }

    /// Reports the end once everything that was written has been passed on.
    ///
    /// What others hold a pipe open for is not waited for: only what is there now is read.
    mutating func finishIfDone(_ agent: Agent) {
        guard let end, !isReported else { return }
        while readOutput(agent, isError: false) {}
        while readOutput(agent, isError: true) {}
        guard mayRead || (output < 0 && error < 0) else { return }
        var payload = [end.kind] + littleEndian(UInt32(bitPattern: end.value))
        payload.append(agent.isMachine && agent.memoryRanOut() ? 1 : 0)
        agent.send(Kind.exit, stream, payload)
        if output >= 0 { closeOutput(false) }
        if error >= 0 { closeOutput(true) }
        closeInput()
        isReported = true
    }
}
