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

    @Test func whoHoldsItIsToldWithItsCommand() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("lock")
            let first = try await FileLock.acquire(path, waitingUpTo: .zero)
            defer { first.release() }
            // What another process may have written, an older one without its command.
            for (text, shown) in [
                ("4711\niii worker add\n", "process 4711, `iii worker add`"), ("4711", "process 4711"),
                ("4711\n\u{1B}[2Jx\n", "process 4711, `\("\u{1B}[2Jx".printable)`"), ("nobody\n", nil), ("", nil),
            ] {
                // In its place: a new file of that name would be another lock.
                let file = try FileDescriptor.open(path, .writeOnly, options: .truncate)
                _ = try file.closeAfter { try file.writeAll(text.utf8) }
                let busy = await #expect(throws: FileLockBusy.self) {
                    _ = try await FileLock.acquire(path, waitingUpTo: .zero)
                }
                #expect(busy?.holder?.shown == shown, "\(text)")
                #expect(busy?.message.contains("\u{1B}") == false)
            }
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
