// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import Sandboxing
import Synchronization
import SystemPackage

/// A worker that is a process of the user.
final class NativeRun: WorkerRun {
    private struct State {
        var process: GuardedProcess?
        var processID: Int32?
        var end: ProcessEnd?
        var starter: CheckedContinuation<Void, Never>?
        var waiters: [CheckedContinuation<ProcessEnd, Never>] = []
    }

    private static let terminate: Int32 = 15
    private let state = Mutex(State())

    private init() {}

    /// Starts a program; what it prints goes to the log.
    ///
    /// - Throws: `WorkerNotStarted`, `HostError`.
    static func start(_ launch: GuardedProcess.Launch, log: WorkerLog) async throws -> NativeRun {
        let run = NativeRun()
        let process = try GuardedProcess.start(launch) { event in run.receive(event, log) }
        run.state.withLock { if $0.end == nil { $0.process = process } }
        await withCheckedContinuation { continuation in
            let isOver = run.state.withLock { state in
                if state.processID != nil || state.end != nil { return true }
                state.starter = continuation
                return false
            }
            if isOver { continuation.resume() }
        }
        if case .notStarted(let errno)? = run.state.withLock(\.end) {
            throw WorkerNotStarted(program: launch.executable.string, detail: errno.description.lowercased())
        }
        return run
    }

    var processID: Int32 { state.withLock { $0.processID ?? 0 } }
    var tier: IsolationTier { .none }

    func exit() async -> String { await end().sentence }

    func stop(grace: Duration) async {
        signal(Self.terminate)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await self.end() }
            group.addTask {
                // Cancelled when it ended in time.
                guard (try? await Task.sleep(for: grace)) != nil else { return }
                self.state.withLock { $0.process }?.kill()
            }
            await group.next()
            group.cancelAll()
        }
        _ = await end()
    }

    private func signal(_ number: Int32) { state.withLock { $0.process }?.signal(number) }

    private func end() async -> ProcessEnd {
        await withCheckedContinuation { continuation in
            let end = state.withLock { state -> ProcessEnd? in
                if state.end == nil { state.waiters.append(continuation) }
                return state.end
            }
            if let end { continuation.resume(returning: end) }
        }
    }

    private func receive(_ event: GuardedProcess.Event, _ log: WorkerLog) {
        switch event {
        case .output(let stream, let bytes): log.append(bytes, from: stream == .output ? .output : .error)
        case .started(let processID):
            state.withLock { state in
                state.processID = processID
                defer { state.starter = nil }
                return state.starter
            }?.resume()
        case .ended(let end):
            let (starter, waiters) = state.withLock { state in
                state.end = end
                state.process = nil
                defer { (state.starter, state.waiters) = (nil, []) }
                return (state.starter, state.waiters)
            }
            starter?.resume()
            for waiter in waiters { waiter.resume(returning: end) }
        }
    }
}

/// A worker's program that could not be run.
///
/// W160.
struct WorkerNotStarted: CodedError {
    let program: String
    let detail: String

    var code: ErrorCode { .spawnFailed }
    var message: String { "`\(program.printable)` cannot be run: \(detail)" }
}
