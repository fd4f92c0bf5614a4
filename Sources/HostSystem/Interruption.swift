// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import Dispatch

/// Turns the user's Ctrl-C, and a request to end, into the cancellation of a task.
package enum Interruption {
    /// Runs `body`; SIGINT, SIGTERM and SIGHUP cancel it.
    ///
    /// A second signal ends the process at once with status 130, and so does the first where `body` has not come to an end
    /// within `patience`: it may be deep in a calculation. Nil waits for as long as it takes.
    ///
    /// - Throws: What `body` throws; `CancellationError` where it was cancelled and said so.
    package static func cancelling<Result: Sendable>(
        on signals: [Int32] = [SIGINT, SIGTERM, SIGHUP],
        within patience: Duration? = nil,
        endingBy end: @escaping @Sendable () -> Void = { _exit(130) },
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let (registrations, registered) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            // A signal that comes before it is listened for would be lost.
            var heard = registrations.makeAsyncIterator()
            for _ in signals { await heard.next() }
            return try await body()
        }
        // A queue of its own has a thread of its own, however busy those of tasks are.
        let queue = DispatchQueue(label: "interruption")
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .distantFuture)
        timer.setEventHandler(handler: end)
        timer.activate()
        let sources = signals.map { number in
            // The default action would end the process before the handler runs.
            iii_ignore_signal(number)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if task.isCancelled { return end() }
                task.cancel()
                if let patience { timer.schedule(deadline: .now() + patience.interval) }
            }
            source.setRegistrationHandler { registered.yield() }
            source.activate()
            return source
        }
        defer {
            for source in sources { source.cancel() }
            timer.cancel()
        }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}

extension Duration {
    fileprivate var interval: DispatchTimeInterval {
        .milliseconds(Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000))
    }
}
