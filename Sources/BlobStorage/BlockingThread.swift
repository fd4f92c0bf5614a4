// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOPosix

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
    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            // The threads never end, so what is submitted is always run.
            pool.submit { _ in continuation.resume(with: Result { try work() }) }
        }
    }
}
