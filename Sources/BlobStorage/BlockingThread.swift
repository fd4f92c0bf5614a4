// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOPosix
import RegistryStorage
import Synchronization

/// Threads for calls that wait for the disk, so that none of those that run tasks ever does.
///
/// They are threads of their own: the queues of Dispatch share theirs with the tasks of the whole program, as many as
/// there are processors, and a few slow writes would leave none of them.
enum BlockingThreads: Sendable {
    /// Who only looks or reads never waits for the disk of those who write.
    case reading
    case writing

    private static let readers = started(4)
    private static let writers = started(4)

    private static func started(_ count: Int) -> NIOThreadPool {
        let pool = NIOThreadPool(numberOfThreads: count)
        pool.start()
        return pool
    }

    private var pool: NIOThreadPool { self == .reading ? Self.readers : Self.writers }

    /// Runs `work` to its end, also for a task that is cancelled: what it cleans up is cleaned up.
    ///
    /// When this returns the thread holds nothing any longer that `work` held or came to.
    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        let job = Job(work)
        await withCheckedContinuation { continuation in
            // The threads never end, so what is submitted is always run.
            pool.submit { _ in
                job.run()
                continuation.resume()
            }
        }
        return try job.takeOutcome()
    }

    /// Work that is let go when it is done, as is what it came to when somebody has taken it.
    private final class Job<Value: Sendable>: Sendable {
        private enum State {
            case waiting(@Sendable () throws -> Value)
            case done(Result<Value, any Error>)
            case taken
        }

        private let state: Mutex<State>

        init(_ work: @escaping @Sendable () throws -> Value) { state = Mutex(.waiting(work)) }

        func run() {
            guard case .waiting(let work) = exchange(.taken) else { return }
            _ = exchange(.done(Result { try work() }))
        }

        func takeOutcome() throws -> Value {
            guard case .done(let outcome) = exchange(.taken) else { throw BlobStorageError.uploadEnded }
            return try outcome.get()
        }

        private func exchange(_ next: State) -> State {
            state.withLock { state in
                defer { state = next }
                return state
            }
        }
    }
}
