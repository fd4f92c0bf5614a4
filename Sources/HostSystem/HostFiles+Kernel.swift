// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
package import SystemPackage

/// Files by which a kernel is told something, and other files that are never made here.
extension HostFiles {
    /// Writes a text in one piece to a file that is there.
    package static func writeExisting(_ text: String, to path: FilePath) throws(HostError) {
        let descriptor = try open(path, .writeOnly, as: .write)
        defer { try? descriptor.close() }
        do { try descriptor.writeAll(text.utf8) } catch { throw HostError(.write, path, error as? Errno ?? .ioError) }
    }

    /// Removes a folder that is empty; false where it is not, or cannot be removed.
    @discardableResult
    package static func removeEmptyDirectory(_ path: FilePath) -> Bool {
        path.withPlatformString { rmdir($0) } == 0 || Errno.current == .noSuchFileOrDirectory
    }

    /// Gives a file or folder to a user and the group of the same number; a link itself, not what it names.
    package static func setOwner(_ user: UInt32, of path: FilePath) throws(HostError) {
        if path.withPlatformString({ lchown($0, user, user) }) != 0 { throw HostError(.changeMode, path, .current) }
    }
}
