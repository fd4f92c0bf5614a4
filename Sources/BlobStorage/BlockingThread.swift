// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Dispatch

/// Threads for calls that wait for the disk, so that none of those that run tasks ever does.
private let blockingThreads = DispatchQueue(label: "blobs", attributes: .concurrent)

/// Runs `work` on a thread that may block.
func onBlockingThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        blockingThreads.async { continuation.resume(with: Result { try work() }) }
    }
}
