// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
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
            channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: path.string) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
        } catch { throw ExecError.noEngine }
        return try await FrameConnection.with(channel) { connection, frames in
            try await connection.send(.execute, question.payload)
            return try await withThrowingTaskGroup(of: Int32?.self) { group in
                group.addTask {
                    try await Self.pass(input, to: connection)
                    return nil
                }
                group.addTask { try await Self.follow(frames, output) }
                defer { group.cancelAll() }
                while let status = try await group.next() {
                    if let status { return status }
                }
                throw ExecError.broken
            }
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
    /// The engine refused.
    case refused(ErrorCode, String)

    init(failure: [UInt8]) {
        let words = String(decoding: failure, as: UTF8.self).split(separator: " ", maxSplits: 1).map(String.init)
        guard words.count == 2, let code = ErrorCode(rawValue: words[0]) else {
            self = .broken
            return
        }
        self = .refused(code, words[1])
    }

    package var code: ErrorCode {
        switch self {
        case .noEngine, .broken: .engineUnreachable
        case .refused(let code, _): code
        }
    }

    package var message: String {
        switch self {
        case .noEngine: "no engine runs this project"
        case .broken: "the engine went away before the command had ended"
        case .refused(_, let message): message
        }
    }

    package var hints: [String] { self == .noEngine ? ["start it with `iii`, then run this again"] : [] }
}
