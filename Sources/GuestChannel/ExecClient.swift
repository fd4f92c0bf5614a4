// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import HostSystem
import NIOCore
import NIOPosix
package import Sandboxing
package import SystemPackage
import WorkerModel

/// Runs a command beside a worker, through the engine's process.
package struct ExecClient: Sendable {
    /// What the one who types does.
    package enum Input: Sendable {
        case bytes([UInt8])
        case end
        case signal(Int32)
        case size(TerminalSize)
    }

    private let path: FilePath

    package init(path: FilePath) { self.path = path }

    /// Runs the command to its end.
    ///
    /// - Returns: the status that a shell would tell.
    /// - Throws: `ExecError`.
    package func run(
        _ question: ExecQuestion,
        input: AsyncStream<Input>,
        output: any SandboxOutput
    ) async throws -> Int32 {
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        do {
            channel = try await HostFiles.withSocketPath(path) { path in
                try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(unixDomainSocketPath: path) { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                        }
                    }
            }
        } catch { throw ExecError.noEngine }
        do {
            return try await FrameConnection.with(channel) { try await Self.ask(question, input, output, $0, $1) }
        } catch let error as ExecError {
            throw error
        } catch {
            // Of a task that was cancelled the connection is closed as well.
            try Task.checkCancellation()
            throw ExecError.broken
        }
    }

    /// The answers decide: what is typed may find nobody any more who takes it, while the reason is on its way here.
    private static func ask(
        _ question: ExecQuestion,
        _ input: AsyncStream<Input>,
        _ output: any SandboxOutput,
        _ connection: FrameConnection,
        _ frames: FrameSequence
    ) async throws -> Int32 {
        try await connection.send(.execute, question.payload)
        return try await withThrowingTaskGroup(of: Int32?.self) { group in
            group.addTask {
                try? await pass(input, to: connection)
                return nil
            }
            group.addTask { try await follow(frames, output) }
            defer { group.cancelAll() }
            while let status = try await group.next() {
                if let status { return status }
            }
            throw ExecError.broken
        }
    }

    private static func pass(_ input: AsyncStream<Input>, to connection: FrameConnection) async throws {
        for await piece in input {
            switch piece {
            case .bytes(let bytes):
                for start in stride(from: 0, to: bytes.count, by: GuestFrame.maximumPayload) {
                    let end = min(start + GuestFrame.maximumPayload, bytes.count)
                    try await connection.send(.input, Array(bytes[start..<end]))
                }
            case .end: try await connection.send(.inputEnd)
            case .signal(let number): try await connection.send(.signal, [UInt8(truncatingIfNeeded: number)])
            case .size(let size):
                try await connection.send(
                    .resize,
                    LittleEndian.bytes(size.rows) + LittleEndian.bytes(size.columns)
                )
            }
        }
    }

    private static func follow(_ frames: FrameSequence, _ output: any SandboxOutput) async throws -> Int32 {
        for try await frame in frames {
            switch frame.kind {
            case .output: await output.receive(frame.payload, from: .output)
            case .errorOutput: await output.receive(frame.payload, from: .error)
            case .failure: throw ExecError(failure: frame.payload)
            case .exit:
                guard let exit = SandboxExit(guest: frame.payload, memoryLimit: .zero) else { throw ExecError.broken }
                return exit.status
            default: throw ExecError.broken
            }
        }
        throw ExecError.broken
    }
}

/// Why a command could not be run beside a worker.
package enum ExecError: CodedError, Hashable {
    /// Nobody runs the project.
    case noEngine
    /// The engine went away, or spoke another language.
    case broken
    /// The engine refused; with the status that a shell would tell of a program that it cannot execute.
    case refused(ErrorCode, String, status: Int32?)

    init(failure: [UInt8]) {
        let failure = GuestFailure(payload: failure)
        let words = failure.text.split(separator: " ", maxSplits: 1).map(String.init)
        guard words.count == 2, let code = ErrorCode(rawValue: words[0]) else {
            self = .broken
            return
        }
        self = .refused(code, words[1], status: failure.status)
    }

    /// What goes over the wire: `W112 MESSAGE`.
    static func refusal(_ error: any Error) -> GuestFailure {
        let report = ErrorReport(error)
        var status: Int32?
        if case SandboxError.notExecuted(_, _, let told) = error { status = told }
        return GuestFailure(text: "\(report.code.rawValue) \(report.message)", status: status)
    }

    /// The status that a shell would tell, nil where the program is not at fault.
    package var status: Int32? { if case .refused(_, _, let status) = self { status } else { nil } }

    package var code: ErrorCode {
        switch self {
        case .noEngine, .broken: .engineUnreachable
        case .refused(let code, _, _): code
        }
    }

    package var message: String {
        switch self {
        case .noEngine: "no engine runs this project"
        case .broken: "the engine went away before the command had ended"
        case .refused(_, let message, _): message
        }
    }

    package var hints: [String] { self == .noEngine ? ["start it with `iii`, then run this again"] : [] }
}
