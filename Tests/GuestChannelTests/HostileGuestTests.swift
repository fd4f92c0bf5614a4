// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import GuestChannel
import HostSystem
import Sandboxing
import Synchronization
import SystemPackage
import Testing
import WorkerModel

/// A guest is not trusted: whatever it sends, its sandbox ends and nothing else happens.
@Suite(.timeLimit(.minutes(20))) struct HostileGuestTests {
    /// What stands for the processes of a sandbox, and for a reader of its output who takes nothing while it lives.
    private final class Holder: SandboxHolder, SandboxOutput {
        let destroyed = Mutex(0)
        private let end: AsyncStream<Void>
        private let ended: AsyncStream<Void>.Continuation

        init() { (end, ended) = AsyncStream.makeStream(of: Void.self) }

        var processIdentifier: Int32 { 0 }
        func destroy(_ exit: SandboxExit) async -> SandboxExit {
            destroyed.withLock { $0 += 1 }
            ended.finish()
            return exit
        }
        func complaint() async -> String { "" }
        func receive(_ bytes: [UInt8], from stream: OutputStreamName) async { for await _ in end {} }
    }

    private static let hello = GuestFrame(.hello, payload: [GuestFrame.version])
    private static let started = GuestFrame(.started, stream: GuestFrame.workerStream, payload: [1, 0, 0, 0])
    private static let first = GuestFrame.firstConnection

    private func launch() throws -> GuestLaunch {
        let specification = SandboxSpecification(
            name: try WorkerName(parsing: "hostile"),
            workspace: .empty,
            command: ["/bin/true"],
            network: NetworkPolicy(engine: NetworkAddress(host: "127.0.0.1", port: 9))
        )
        return GuestLaunch(specification, tier: .namespaces, enforcement: .all)
    }

    /// Plays a guest that sends these bytes in one piece; the channel stays open.
    private func play(_ bytes: [UInt8]) async throws -> (exit: SandboxExit?, holder: Holder) {
        let (ours, theirs) = try HostDescriptors.socketPair()
        let holder = Holder()
        let (written, writing) = AsyncStream.makeStream(of: Void.self)
        // On a thread of its own: more than the socket takes waits for its reader, who may hang up instead.
        try OwnThread.start {
            _ = try? theirs.writeAll(bytes)
            writing.finish()
        }
        var exit: SandboxExit?
        do {
            let launch = try launch()
            let sandbox = try await GuestSandbox.begin(
                launch,
                descriptor: ours.rawValue,
                holder: holder,
                output: holder
            )
            exit = await sandbox.exit()
        } catch is SandboxError {}
        for await _ in written {}
        try theirs.close()
        return (exit, holder)
    }

    @Test(
        arguments: [
            ("an overlong frame", [0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0, 32]),
            ("an unknown kind", [0, 0, 0, 0, 0, 0, 0, 0, 200]),
            ("another version", GuestFrame(.hello, payload: [9]).bytes),
            ("a hello without a version", GuestFrame(.hello).bytes),
            ("started before hello", started.bytes), ("hello twice", hello.bytes + hello.bytes),
            ("a frame of the host", hello.bytes + GuestFrame(.start, stream: 1).bytes),
            ("output of nobody", hello.bytes + GuestFrame(.output, stream: 77, payload: [1]).bytes),
            ("exit of nobody", hello.bytes + GuestFrame(.exit, stream: 77, payload: [0, 0, 0, 0, 0, 0]).bytes),
        ] as [(String, [UInt8])]
    )
    func endsBeforeItsWorkerWasStarted(what: String, bytes: [UInt8]) async throws {
        let (exit, holder) = try await play(bytes)
        #expect(exit == nil, "\(what)")
        #expect(holder.destroyed.withLock { $0 } == 1, "\(what)")
    }

    @Test(
        arguments: [
            ("started twice", started.bytes), ("a malformed exit", GuestFrame(.exit, stream: 1, payload: [1]).bytes),
            ("an end of another kind", GuestFrame(.exit, stream: 1, payload: [7, 0, 0, 0, 0, 0]).bytes),
            (
                "more output than it has credit for",
                (0..<9).flatMap { _ in
                    GuestFrame(.output, stream: 1, payload: [UInt8](repeating: 65, count: 64 << 10)).bytes
                }
            ),
            ("credit of no size", GuestFrame(.credit, stream: 1, payload: [1]).bytes),
            ("a port that nobody listens on", GuestFrame(.open, stream: first, payload: [255, 255]).bytes),
            ("an opening without a port", GuestFrame(.open, stream: first).bytes),
            (
                "a connection twice",
                GuestFrame(.open, stream: first, payload: [0, 0]).bytes
                    + GuestFrame(.open, stream: first, payload: [0, 0]).bytes
            ),
            (
                "more connections than there may be",
                (0..<65).flatMap {
                    GuestFrame(.open, stream: first + UInt32($0), payload: [0, 0]).bytes
                }
            ),
            ("input of the host's", GuestFrame(.input, stream: 1, payload: [1]).bytes),
        ] as [(String, [UInt8])]
    )
    func endsWhileItsWorkerRuns(what: String, bytes: [UInt8]) async throws {
        let (exit, holder) = try await play(Self.hello.bytes + Self.started.bytes + bytes)
        #expect(exit == .lost, "\(what)")
        #expect(holder.destroyed.withLock { $0 } == 1, "\(what)")
    }

    @Test func isToldThatAnEndIsAnEnd() async throws {
        let end = GuestFrame(.exit, stream: 1, payload: [0, 3, 0, 0, 0, 0])
        let (exit, _) = try await play(Self.hello.bytes + Self.started.bytes + end.bytes)
        #expect(exit == .exited(status: 3))
    }

    @Test func noiseIsNoSandbox() async throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            // The length of the first frame is one that no guest may send, or its kind is unknown.
            var bytes = (0..<512).map { _ in UInt8.random(in: 0...255, using: &generator) }
            bytes[3] |= 1
            let (exit, holder) = try await play(Self.hello.bytes + Self.started.bytes + bytes)
            #expect(exit == .lost)
            #expect(holder.destroyed.withLock { $0 } == 1)
        }
    }
}
