// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Synchronization
import WorkerModel

/// Which layers have come, for the one who unpacks them in their order.
final class LayerArrivals: Sendable {
    private struct State {
        var arrived: Set<Digest> = []
        var failure: (any Error)?
        /// Who waits, and for what: there is one who unpacks.
        var waiting: (Digest, CheckedContinuation<Void, any Error>)?
    }

    private let state = Mutex(State())

    /// Returns once a layer has come.
    ///
    /// - Throws: what made it not come.
    func wait(for layer: Digest) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Void, any Error>? = state.withLock { state in
                    if let failure = state.failure { return .failure(failure) }
                    if state.arrived.contains(layer) { return .success(()) }
                    state.waiting = (layer, continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            fail(CancellationError())
        }
    }

    func arrive(_ layer: Digest) {
        let waiter: CheckedContinuation<Void, any Error>? = state.withLock { state in
            state.arrived.insert(layer)
            guard let (wanted, continuation) = state.waiting, wanted == layer else { return nil }
            state.waiting = nil
            return continuation
        }
        waiter?.resume()
    }

    /// Nothing more comes.
    func fail(_ error: any Error) {
        let waiter = state.withLock { state in
            state.failure = state.failure ?? error
            defer { state.waiting = nil }
            return state.waiting?.1
        }
        waiter?.resume(throwing: error)
    }
}
