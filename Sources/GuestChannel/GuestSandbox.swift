// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import NIOPosix
package import Sandboxing

/// A sandbox behind a channel, whichever backend made it.
package final class GuestSandbox: RunningSandbox {
    package let tier: IsolationTier
    package let enforcement: SandboxEnforcement
    package let processIdentifier: Int32
    package let answeredAfter: Duration
    private let session: NIOLoopBound<GuestSession>
    private let loop: any EventLoop
    private let gone: EventLoopFuture<SandboxExit>

    /// Of a session whose worker has been started; on its event loop.
    private init(_ session: GuestSession, _ processIdentifier: Int32) {
        tier = session.launch.tier
        enforcement = session.launch.enforcement
        self.processIdentifier = processIdentifier
        answeredAfter = session.answeredAfter
        loop = session.loop
        gone = session.gone.futureResult
        self.session = NIOLoopBound(session, eventLoop: session.loop)
    }

    /// Takes over a connected socket to a guest, and waits until its worker has been started.
    ///
    /// The descriptor is closed with the channel, and in any case where this throws.
    ///
    /// - Throws: `SandboxError`, `CancellationError`; then the holder has been told to destroy what there was.
    package static func begin(
        _ launch: GuestLaunch,
        descriptor: Int32,
        holder: any SandboxHolder,
        output: any SandboxOutput
    ) async throws -> GuestSandbox {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let (session, gone) = try await loop.submit {
            let session = GuestSession(launch, holder, output, on: loop)
            return (NIOLoopBound(session, eventLoop: loop), session.gone.futureResult)
        }.get()
        do {
            return try await withTaskCancellationHandler {
                _ = try await ClientBootstrap(group: loop)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(session.value)
                        }
                    }
                    .withConnectedSocket(descriptor).get()
                return try await loop.flatSubmit {
                    session.value.started.map { GuestSandbox(session.value, holder.processIdentifier) }
                }.get()
            } onCancel: {
                loop.execute { session.value.stop(grace: .zero) }
            }
        } catch {
            loop.execute { session.value.receive(.channelLost) }
            // Whatever the holder says of the end, the sandbox is gone.
            _ = try? await gone.get()
            try Task.checkCancellation()
            throw error
        }
    }

    package func exit() async -> SandboxExit {
        // The promise never fails.
        (try? await gone.get()) ?? .lost
    }

    @discardableResult
    package func stop(grace: Duration) async -> SandboxExit {
        loop.execute { [session] in session.value.stop(grace: grace) }
        return await exit()
    }

    package func signal(_ number: Int32) async { send(number, to: GuestFrame.workerStream) }

    fileprivate func send(_ number: Int32, to stream: UInt32) {
        let frame = GuestFrame(.signal, stream: stream, payload: [UInt8(truncatingIfNeeded: number)])
        loop.execute { [session] in session.value.send(frame) }
    }

    package func isResponsive(within limit: Duration) async -> Bool {
        // Any failure means that it did not answer.
        (try? await loop.flatSubmit { [session] in session.value.probe(within: limit) }.get()) != nil
    }

    package func execute(_ request: ExecRequest, output: any SandboxOutput) async throws -> any SandboxCommand {
        let begun = try await loop.submit { [session] in
            session.value.execute(request, output).map { entry in
                (
                    command: GuestCommand(self, entry.stream, entry.process),
                    started: entry.process.started.futureResult
                )
            }
        }.get()
        guard let begun else { throw SandboxError.ended }
        do { try await begun.started.get() } catch let failure as GuestFailure {
            throw failure.error(of: request.command)
        }
        return begun.command
    }

    fileprivate func perform(_ body: @escaping @Sendable (GuestSession) -> Void) {
        loop.execute { [session] in body(session.value) }
    }

    /// A command of this sandbox.
    private final class GuestCommand: SandboxCommand {
        private let sandbox: GuestSandbox
        private let stream: UInt32
        private let process: NIOLoopBound<GuestProcess>
        private let ended: EventLoopFuture<SandboxExit>

        init(_ sandbox: GuestSandbox, _ stream: UInt32, _ process: GuestProcess) {
            self.sandbox = sandbox
            self.stream = stream
            self.process = NIOLoopBound(process, eventLoop: sandbox.loop)
            ended = process.ended.futureResult
        }

        func write(_ bytes: [UInt8]) async {
            let promise = sandbox.loop.makePromise(of: Void.self)
            sandbox.perform { [stream, process] session in
                // Of a command that has ended nobody takes input.
                guard session.processes[stream] != nil else { return promise.succeed() }
                process.value.write(bytes, promise)
                session.sendInput(stream, process.value)
            }
            // It never fails: what nobody reads is dropped.
            try? await promise.futureResult.get()
        }

        func endInput() async {
            sandbox.perform { [stream, process] session in
                guard session.processes[stream] != nil else { return }
                process.value.endInput()
                session.sendInput(stream, process.value)
            }
        }

        func signal(_ number: Int32) async { sandbox.send(number, to: stream) }

        func resize(to size: TerminalSize) async {
            let payload = LittleEndian.bytes(size.rows) + LittleEndian.bytes(size.columns)
            let frame = GuestFrame(.resize, stream: stream, payload: payload)
            sandbox.perform { $0.send(frame) }
        }

        func exit() async -> SandboxExit {
            // The promise never fails.
            (try? await ended.get()) ?? .lost
        }
    }
}
