// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import SystemPackage

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

    /// Whether whoever reads errors may keep a writer waiting, as a file does not.
    package static var errorsMayBlock: Bool {
        var status = stat()
        return fstat(STDERR_FILENO, &status) != 0 || status.st_mode & mode_t(S_IFMT) != mode_t(S_IFREG)
    }

    /// Whether errors can be written without waiting: of a pipe, `PIPE_BUF` bytes, 4096 on Linux.
    package static var errorsAreTaken: Bool {
        var asked = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        return poll(&asked, 1, 0) > 0
    }
}
