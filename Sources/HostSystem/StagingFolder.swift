// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
package import SystemPackage

/// A folder for what one operation of one process makes, removed at its end: staged installs, archives to upload.
///
/// It lies below a folder that such operations share, `store/staging` for one. Its owner holds a lock on the folder itself, which the kernel releases however the process ends. A folder that
/// nobody holds is left over from one that was killed. Where the file system knows no such locks, left-overs stay.
package struct StagingFolder: ~Copyable {
    package let path: FilePath
    private let descriptor: FileDescriptor

    /// Makes a new folder below `staging`, and `staging` where it is missing.
    ///
    /// Left-overs are claimed under the same lock on `staging` under which folders are made, so nobody takes a folder that
    /// has just been made for one of them.
    package init(below staging: FilePath) throws(HostError) {
        try HostFiles.makeDirectory(staging, mode: 0o700)
        let parent = try Self.open(staging)
        defer { try? parent.close() }
        _ = Self.lock(parent, waiting: true)
        let path = staging.appending(String(UInt64.random(in: .min ... .max), radix: 36))
        try HostFiles.makeDirectory(path, mode: 0o700)
        descriptor = try Self.open(path)
        self.path = path
        _ = Self.lock(descriptor, waiting: false)
    }

    deinit {
        // What cannot be removed now is swept by the next operation.
        try? HostFiles.removeTree(path)
        try? descriptor.close()
    }

    /// Runs `body` with a new folder below `staging`, after what killed processes have left there was removed.
    package static func with<Result>(
        below staging: FilePath,
        _ body: (FilePath) async throws -> Result
    ) async throws -> Result {
        try sweep(staging)
        let folder = try StagingFolder(below: staging)
        let result = try await body(folder.path)
        end(folder)
        return result
    }

    /// Keeps a folder until here.
    private static func end(_ folder: consuming StagingFolder) {}

    /// Removes the folders whose owners are gone.
    ///
    /// - Throws: `HostError` where `staging` cannot be listed; where there is none, there is nothing to remove.
    package static func sweep(_ staging: FilePath) throws(HostError) {
        for (path, descriptor) in try claimLeftOvers(staging) {
            // What belongs to somebody else's account is not ours to worry about.
            try? HostFiles.removeTree(path)
            try? descriptor.close()
        }
    }

    private static func claimLeftOvers(_ staging: FilePath) throws(HostError) -> [(FilePath, FileDescriptor)] {
        let names = try HostFiles.entries(of: staging)
        guard !names.isEmpty, let parent = try? open(staging) else { return [] }
        defer { try? parent.close() }
        guard lock(parent, waiting: true) else { return [] }
        var claimed: [(FilePath, FileDescriptor)] = []
        for name in names {
            let path = staging.appending(name)
            guard let descriptor = try? open(path) else { continue }
            if lock(descriptor, waiting: false) {
                claimed.append((path, descriptor))
            } else {
                try? descriptor.close()
            }
        }
        return claimed
    }

    private static func open(_ path: FilePath) throws(HostError) -> FileDescriptor {
        do {
            return try FileDescriptor.open(path, .readOnly, options: [.directory, .noFollow, .closeOnExec])
        } catch { throw HostError(.lock, path, error as? Errno ?? .ioError) }
    }

    private static func lock(_ descriptor: FileDescriptor, waiting: Bool) -> Bool {
        while flock(descriptor.rawValue, LOCK_EX | (waiting ? 0 : LOCK_NB)) != 0 {
            if iii_errno() != EINTR { return false }
        }
        return true
    }
}
