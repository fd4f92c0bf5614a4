// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import JSONText
import SystemPackage

/// The conversation with QEMU itself (QMP: one JSON object a line), by which machines are saved and restored.
struct MachineMonitor: Sendable {
    let descriptor: FileDescriptor

    /// QEMU does not do what it is asked for.
    struct Refused: PlainlyWorded {
        let plainWords: String
    }

    /// The memory stays where it is, in a file: only the devices are written and read.
    private static let beginning = [
        #"{"execute":"qmp_capabilities"}"#,
        #"{"execute":"migrate-set-capabilities","arguments":{"capabilities":["#
            + #"{"capability":"x-ignore-shared","state":true},{"capability":"events","state":true}]}}"#,
    ]

    /// Tells a machine that waits for it to go on where a saved one was; whether it does shows by its agent's answer.
    ///
    /// It may be told before it has been started: QEMU reads it when it comes to it.
    func restore(from state: Int) throws {
        let commands = Self.beginning + [#"{"execute":"migrate-incoming","arguments":{"uri":"fd:\#(state)"}}"#]
        try HostDescriptors.send(Array(commands.joined(separator: "\n").utf8), over: descriptor)
    }

    /// Saves a machine, which does not go on afterwards.
    ///
    /// - Throws: `Refused`, also where it takes longer than `limit`.
    func save(to state: FileDescriptor, within limit: Duration) async throws {
        try HostDescriptors.send(Array(Self.beginning.joined(separator: "\n").utf8), over: descriptor)
        let naming = #"{"execute":"getfd","arguments":{"fdname":"state"}}"#
        try HostDescriptors.send(Array(naming.utf8), with: state, over: descriptor)
        let saving = #"{"execute":"migrate","arguments":{"uri":"fd:state"}}"#
        try HostDescriptors.send(Array(saving.utf8), over: descriptor)
        let end = ContinuousClock.now + limit
        var text: [UInt8] = []
        while true {
            let rest = ContinuousClock.now.duration(to: end)
            guard rest > .zero, await HostDescriptors.isReadable(descriptor, within: rest) else {
                throw Refused(plainWords: "it was not saved within \(limit)")
            }
            let bytes = try piece()
            if bytes.isEmpty { throw Refused(plainWords: "it ended while it was saved") }
            text += bytes
            while let newline = text.firstIndex(of: 0x0A) {
                if try Self.isSaved(JSONValue(parsing: text[..<newline])) { return }
                text.removeSubrange(...newline)
            }
            guard text.count < 1 << 20 else { throw Refused(plainWords: "it says too much") }
        }
    }

    private static func isSaved(_ answer: JSONValue) throws -> Bool {
        if case .string(let text)? = answer["error"]?["desc"] { throw Refused(plainWords: text) }
        guard answer["event"] == "MIGRATION", let status = answer["data"]?["status"] else { return false }
        if status == "failed" { throw Refused(plainWords: "its state could not be written") }
        return status == "completed"
    }

    private func piece() throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, initialized in
            // Safety: read writes at most `buffer.count` bytes and returns how many.
            initialized = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
