// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
package import SystemPackage

/// Files in folders that belong to somebody else: nothing there is followed, whatever was planted.
extension HostFiles {
    /// What tells that a file changed, without reading it.
    package struct Stamp: Hashable, Sendable {
        package let kind: Kind
        package let isExecutable: Bool
        /// Size, times and number of the file: one word.
        package let text: String
    }

    /// The stamp of what is at a path, which is not followed; nil where there is nothing.
    package static func stamp(of path: FilePath) throws(HostError) -> Stamp? {
        var status = stat()
        if path.withPlatformString({ lstat($0, &status) }) != 0 {
            let failure = Errno.current
            if failure == .noSuchFileOrDirectory || failure == .notDirectory { return nil }
            throw HostError(.read, path, failure)
        }
        let kind = Kind(status)
        // A folder changes with what is in it; only files are told apart.
        let text =
            kind == .file
            ? "\(status.st_size)-\(iii_modified_nanoseconds(&status))-\(status.st_ino)-\(status.st_mode & 0o111)" : ""
        return Stamp(kind: kind, isExecutable: status.st_mode & 0o100 != 0, text: text)
    }

    /// Writes a file below a folder whose contents are not trusted: no link is followed, one in the way is replaced.
    ///
    /// `path` is relative, its parts are names. Folders on the way are made.
    package static func writeBelow(
        _ root: FilePath,
        _ path: String,
        _ contents: [UInt8],
        mode: UInt16,
        owner: UInt32?
    ) throws(HostError) {
        let place = root.appending(path)
        let folder = try openFolder(root, path, owner: owner, makes: true)
        defer { close(folder) }
        let name = String(path.split(separator: "/").last ?? "")
        // Removed first: who has the old file open, or linked, keeps the old one.
        if unlinkat(folder, name, 0) != 0, Errno.current != .noSuchFileOrDirectory {
            throw HostError(.write, place, .current)
        }
        let file = iii_openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_t(mode))
        guard file >= 0 else { throw HostError(.write, place, .current) }
        let descriptor = FileDescriptor(rawValue: file)
        defer { try? descriptor.close() }
        if fchmod(file, mode_t(mode)) != 0 { throw HostError(.changeMode, place, .current) }
        if let owner, fchown(file, owner, owner) != 0 { throw HostError(.changeMode, place, .current) }
        do { try descriptor.writeAll(contents) } catch { throw HostError(.write, place, error as? Errno ?? .ioError) }
    }

    /// Removes a file below a folder whose contents are not trusted; nothing happens where it is not there.
    package static func removeBelow(_ root: FilePath, _ path: String) throws(HostError) {
        let folder: Int32
        do throws(HostError) { folder = try openFolder(root, path, owner: nil, makes: false) } catch {
            // Another thing stands where a folder was: the file is not there.
            if [.noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels].contains(error.errno) { return }
            throw error
        }
        defer { close(folder) }
        let name = String(path.split(separator: "/").last ?? "")
        if unlinkat(folder, name, 0) != 0, ![.noSuchFileOrDirectory, .isDirectory].contains(Errno.current) {
            throw HostError(.remove, root.appending(path), .current)
        }
    }

    /// Opens the folder of a path, from folder to folder.
    private static func openFolder(
        _ root: FilePath,
        _ path: String,
        owner: UInt32?,
        makes: Bool
    ) throws(HostError) -> Int32 {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        var folder = root.withPlatformString { iii_openat(AT_FDCWD, $0, flags, 0) }
        guard folder >= 0 else { throw HostError(.write, root, .current) }
        for part in path.split(separator: "/").dropLast() {
            let name = String(part)
            var next = iii_openat(folder, name, flags, 0)
            if next < 0, makes {
                // A link or a file in the way is the worker's own doing.
                unlinkat(folder, name, 0)
                if mkdirat(folder, name, 0o755) == 0 || Errno.current == .fileExists {
                    next = iii_openat(folder, name, flags, 0)
                    if next >= 0, let owner { _ = fchown(next, owner, owner) }
                }
            }
            let failure = Errno.current
            close(folder)
            guard next >= 0 else { throw HostError(.write, root.appending(path), failure) }
            folder = next
        }
        return folder
    }

    /// Puts a new tree in the place of an old one, which is then where the new one was, or beside it.
    package static func exchange(_ new: FilePath, with old: FilePath) throws(HostError) {
        let result = new.withPlatformString { new in old.withPlatformString { old in iii_exchange(new, old) } }
        if result == 0 { return }
        // A file system that cannot exchange: for a moment there is none.
        try rename(old, to: new.removingLastComponent().appending("replaced"))
        try rename(new, to: old)
    }
}
