// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import SystemPackage
import TestSupport
import Testing

@Suite struct FileLockTests {
    @Test func secondHolderIsRefusedWithTheFirstOnesProcess() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("lock")
            let first = try await FileLock.acquire(path, waitingUpTo: .zero)
            let busy = await #expect(throws: FileLockBusy.self) {
                _ = try await FileLock.acquire(path, waitingUpTo: .zero)
            }
            #expect(busy?.holder != nil)
            #expect(busy?.code == .projectBusy)
            first.release()
            first.release()
            _ = try await FileLock.acquire(path, waitingUpTo: .zero)
        }
    }

    @Test func waiterGetsTheLockWhenItIsReleased() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("lock")
            let first = try await FileLock.acquire(path, waitingUpTo: .zero)
            let second = try await FileLock.acquire(path, waitingUpTo: .seconds(60)) { _ in first.release() }
            #expect(try FileLock.attempt(path) == nil)
            second.release()
        }
    }

    @Test func lockThatCannotBeOpenedIsNoBusyLock() throws {
        try withTemporaryDirectory { folder in
            _ = #expect(throws: HostError.self) { try FileLock.attempt(folder.appending("missing/lock")) }
        }
    }
}
