// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import NIOCore
import NIOPosix
package import Sandboxing
package import SystemPackage

/// Lets the command line of this user run commands beside the workers of one engine.
///
/// It listens on a Unix socket that only its owner can reach: in a folder of mode 0700.
package struct ExecServer: Sendable {
    /// Starts a command, or says why not.
    package typealias Start = @Sendable (ExecQuestion, any SandboxOutput) async throws -> any SandboxCommand

    private let path: FilePath
    private let start: Start

    package init(path: FilePath, start: @escaping Start) {
        self.path = path
        self.start = start
    }

    /// Serves until the task is cancelled.
    ///
    /// Effects on disk: the socket; one that an ended engine left there is replaced.
    package func run() async throws {
        let server = try await HostFiles.withSocketPath(path) { path in
            try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
        }
        try await withThrowingDiscardingTaskGroup { group in
            try await server.executeThenClose { connections in
                for try await connection in connections {
                    // One that breaks is its own business: its command ends with it.
                    group.addTask { try? await FrameConnection.with(connection) { try await serve($0, $1) } }
                }
            }
        }
    }

    /// Answers one question.
    ///
    /// The client ends the connection: were it ended here while input is on its way, the kernel might throw away the answer.
    private func serve(_ connection: FrameConnection, _ frames: FrameSequence) async throws {
        var iterator = frames.makeAsyncIterator()
        guard let first = try await iterator.next(), first.kind == .execute,
            let question = ExecQuestion(payload: first.payload)
        else { return }
        let command: any SandboxCommand
        do { command = try await start(question, WireOutput(connection: connection)) } catch {
            try await connection.send(.failure, ExecError.refusal(error).payload)
            while try await iterator.next() != nil {}
            return
        }
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await connection.send(.exit, await command.exit().wire) }
            while let frame = try await iterator.next() { await Self.pass(frame, to: command) }
            // Whoever wanted it is gone, or has its end: then nothing is left to signal.
            await command.signal(1)
            await command.signal(9)
        }
    }

    private static func pass(_ frame: GuestFrame, to command: any SandboxCommand) async {
        switch frame.kind {
        case .input: await command.write(frame.payload)
        case .inputEnd: await command.endInput()
        case .signal: if let number = frame.payload.first { await command.signal(Int32(number)) }
        case .resize:
            guard let rows: UInt16 = LittleEndian.number(frame.payload),
                let columns: UInt16 = LittleEndian.number(frame.payload.dropFirst(2))
            else { return }
            await command.resize(to: TerminalSize(rows: rows, columns: columns))
        default: await command.signal(9)
        }
    }
}

/// Sends what a command writes; the connection's own pace slows the writer down.
private struct WireOutput: SandboxOutput {
    let connection: FrameConnection

    func receive(_ bytes: [UInt8], from stream: OutputStreamName) async {
        // Whoever is gone takes no more; the command learns of it by its connection.
        try? await connection.send(stream == .output ? .output : .errorOutput, bytes)
    }
}
