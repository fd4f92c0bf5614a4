// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import Dispatch

/// Turns the user's Ctrl-C, and a request to end, into the cancellation of a task.
package enum Interruption {
    /// Runs `body`; SIGINT, SIGTERM and SIGHUP cancel it.
    ///
    /// A second signal ends the process at once with status 130.
    ///
    /// - Throws: What `body` throws; `CancellationError` where it was cancelled and said so.
    package static func cancelling<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = Task { try await body() }
        let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            // The default action would end the process before the handler runs.
            iii_ignore_signal(number)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if task.isCancelled { _exit(130) }
                task.cancel()
            }
            source.activate()
            return source
        }
        defer { for source in sources { source.cancel() } }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
