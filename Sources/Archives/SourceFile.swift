// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import HostSystem
import SystemPackage

/// A regular file that is read once, from its beginning to its end.
struct SourceFile: ~Copyable {
    private let descriptor: Int32
    private let path: FilePath
    /// Bytes, when it was opened.
    let size: Int64

    /// Opens a file without following a link at its end and without waiting for whoever writes to a pipe.
    ///
    /// - Throws: `ArchiveError.packing` for anything but a regular file, `ArchiveError.host`.
    init(_ path: FilePath) throws(ArchiveError) {
        self.path = path
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let descriptor = path.withPlatformString { path in retrying { iii_openat(AT_FDCWD, path, flags, 0) } }
        self.descriptor = descriptor
        var status = stat()
        let isOpen = descriptor >= 0 && fstat(descriptor, &status) == 0
        size = Int64(status.st_size)
        let isRegular = status.st_mode & 0o170000 == 0o100000
        if isOpen, isRegular { return }
        let failure = Errno.last
        if isOpen || failure == .tooManySymbolicLinkLevels { throw .packing(.notRegular, path: path.string) }
        throw .host(HostError(.read, path, failure))
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Reads the next bytes, none at the end.
    mutating func read(into memory: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        let count = retrying { CHostSystem.read(descriptor, memory.baseAddress, memory.count) }
        if count < 0 { throw .host(HostError(.read, path, .last)) }
        return count
    }
}
