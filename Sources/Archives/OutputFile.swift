// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import HostSystem
import SystemPackage
import WorkerModel

/// A new file that is written from its beginning to its end, and hashed on the way.
///
/// It is never made through a link and never replaces anything. Nothing is synced: whoever places the tree does that
/// once for all of it.
struct OutputFile: ~Copyable {
    private var descriptor: Int32
    /// For messages.
    private let path: FilePath
    private var hasher = DigestHasher()
    private(set) var size = ByteCount.zero

    /// Makes `name` in the folder that is open as `directory`.
    ///
    /// - Parameters:
    ///   - directory: an open folder; it stays the caller's.
    ///   - name: one component of a path.
    ///   - path: the same file, for messages.
    ///   - mode: its permission bits, whatever the umask.
    /// - Throws: `HostError`.
    init(in directory: Int32, named name: String, path: FilePath, mode: UInt16) throws(HostError) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        descriptor = retrying { iii_openat(directory, name, flags, mode_t(mode)) }
        self.path = path
        if descriptor < 0 { throw HostError(.create, path, .last) }
        if fchmod(descriptor, mode_t(mode)) != 0 { throw HostError(.changeMode, path, .last) }
    }

    /// For `init`, where the name is a whole path.
    static var currentDirectory: Int32 { AT_FDCWD }

    deinit { if descriptor >= 0 { _ = CHostSystem.close(descriptor) } }

    /// Appends.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(HostError) {
        hasher.update(bytes)
        try append(bytes)
    }

    /// Appends what somebody else hashes.
    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(HostError) {
        size = size + ByteCount(bytes.count)
        var rest = bytes
        while !rest.isEmpty {
            let count = retrying { CHostSystem.write(descriptor, rest.baseAddress, rest.count) }
            if count < 0 { throw HostError(.write, path, .last) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Makes the contents outlast a power failure.
    borrowing func sync() throws(HostError) {
        if fsync(descriptor) != 0 { throw HostError(.sync, path, .last) }
    }

    /// Closes the file.
    ///
    /// - Returns: the digest of its contents.
    /// - Throws: `HostError`; some file systems tell only here that there was no room.
    consuming func finish() throws(HostError) -> Digest {
        let digest = hasher.finalize()
        try close()
        return digest
    }

    /// Closes the file.
    ///
    /// - Throws: as `finish`.
    consuming func close() throws(HostError) {
        let descriptor = self.descriptor
        self.descriptor = -1
        // Even a close that fails has closed.
        if CHostSystem.close(descriptor) != 0, Errno.last != .interrupted { throw HostError(.write, path, .last) }
    }
}

/// Repeats a system call that a signal interrupted.
func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result >= 0 || Errno.last != .interrupted { return result }
    }
}

extension Errno {
    /// What the last failed call of this thread left behind.
    static var last: Errno { Errno(rawValue: iii_errno()) }
}
