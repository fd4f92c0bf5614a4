// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import SystemPackage

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// Input, output and errors of this process: descriptors 0, 1 and 2.
package enum StandardStreams {
    /// Opens `/dev/null` in the place of each that the parent has closed.
    ///
    /// Else the next file to be opened takes the number, and gets what is printed, or is given to children as their
    /// input. To be called before anything is opened.
    package static func fillGaps() {
        for number: Int32 in 0...2 where fcntl(number, F_GETFD) == -1 {
            // The lowest free number is taken, which is this one.
            _ = try? FileDescriptor.open("/dev/null", .readWrite)
        }
    }
}
