// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Sandboxing
package import WorkerModel

/// What the command line asks the engine's process: to run a command beside a worker.
///
/// The frames are those of guests; the first is `execute`, whose payload has the entries of `GuestStart` and `W` with the
/// worker's name.
package struct ExecQuestion: Sendable {
    package let worker: WorkerName
    package let request: ExecRequest

    package init(worker: WorkerName, request: ExecRequest) {
        self.worker = worker
        self.request = request
    }

    package var payload: [UInt8] {
        let start = GuestStart(
            command: request.command,
            environment: request.environment.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
            directory: request.directory ?? "",
            terminal: request.terminal
        )
        return Array("W\(worker)\0".utf8) + start.payload
    }

    /// Nil for anything that is no question.
    package init?(payload: [UInt8]) {
        var worker: WorkerName?
        var request = ExecRequest(command: [])
        for entry in payload.split(separator: 0) {
            let value = String(decoding: entry.dropFirst(), as: UTF8.self)
            switch entry.first {
            case UInt8(ascii: "W"): worker = try? WorkerName(parsing: value)
            case UInt8(ascii: "a"): request.command.append(value)
            case UInt8(ascii: "c"): request.directory = value.isEmpty ? nil : value
            case UInt8(ascii: "e"):
                guard let equals = value.firstIndex(of: "=") else { return nil }
                request.environment[String(value[..<equals])] = String(value[value.index(after: equals)...])
            case UInt8(ascii: "y"):
                let sizes = value.split(separator: "x").compactMap { UInt16($0) }
                guard sizes.count == 2 else { return nil }
                request.terminal = TerminalSize(rows: sizes[0], columns: sizes[1])
            default: return nil
            }
        }
        guard let worker, !request.command.isEmpty else { return nil }
        self.init(worker: worker, request: request)
    }
}

/// How an end goes over the wire, as guests tell it.
extension SandboxExit {
    var wire: [UInt8] {
        switch self {
        case .exited(let status): [0] + LittleEndian.bytes(status) + [0]
        case .signalled(let signal): [1] + LittleEndian.bytes(signal) + [0]
        case .outOfMemory: [1] + LittleEndian.bytes(Int32(9)) + [1]
        case .outOfDisk, .unresponsive, .lost: [1] + LittleEndian.bytes(Int32(9)) + [0]
        }
    }
}
