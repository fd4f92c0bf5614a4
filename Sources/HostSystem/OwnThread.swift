// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import Diagnostics

/// A thread of its own for a loop that waits in the kernel, so that none of those that run tasks ever does.
package enum OwnThread {
    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Starts a thread that ends with `body`.
    ///
    /// - Throws: the errno of the failure.
    package static func start(_ body: @escaping @Sendable () -> Void) throws(ThreadFailure) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 1 << 18)
        defer { pthread_attr_destroy(&attributes) }
        // Safety: the box is given to the new thread, which releases it; where there is no thread, it is released here.
        let box = Unmanaged.passRetained(Box(body))
        let failure = iii_start_thread(
            &attributes,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue().body()
                return nil
            },
            box.toOpaque()
        )
        if failure != 0 {
            box.release()
            throw ThreadFailure(errno: failure)
        }
    }

    package struct ThreadFailure: PlainlyWorded {
        package let errno: Int32

        package var plainWords: String { "the system gives no more threads" }
    }
}
