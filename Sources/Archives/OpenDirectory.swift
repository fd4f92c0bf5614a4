// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import HostSystem
import SystemPackage

/// A folder that is open, for the calls that go by descriptor.
final class OpenDirectory {
    let descriptor: Int32

    /// Opens an existing folder that is no link at its end.
    init(_ path: FilePath) throws(HostError) {
        descriptor = path.withPlatformString { path in retrying { iii_openat(AT_FDCWD, path, Self.flags, 0) } }
        if descriptor < 0 { throw HostError(.create, path, .last) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    static let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
}
