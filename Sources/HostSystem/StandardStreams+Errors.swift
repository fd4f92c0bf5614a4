// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem

extension StandardStreams {
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
