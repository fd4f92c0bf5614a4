// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage

/// A folder for what is made and not kept, removed when its operation is done.
enum ScratchFolder {
    /// Runs `body` with a new folder below `parent`.
    ///
    /// Effects on disk: what operations that were killed have left below `parent` is removed first. Each folder is held
    /// by a lock beside it, `NAME.lock`, which ends with its process.
    static func with<Result>(below parent: FilePath, _ body: (FilePath) async throws -> Result) async throws -> Result {
        try HostFiles.makeDirectory(parent, mode: 0o700)
        for name in try HostFiles.entries(of: parent) where name.hasSuffix(".lock") {
            guard let abandoned = try FileLock.attempt(parent.appending(name)) else { continue }
            try HostFiles.removeTree(parent.appending(String(name.dropLast(5))))
            try HostFiles.removeFile(parent.appending(name))
            abandoned.release()
        }
        let name = String(UInt64.random(in: .min ... .max), radix: 36)
        guard let lock = try FileLock.attempt(parent.appending("\(name).lock")) else {
            throw HostError(.lock, parent.appending(name), .fileExists)
        }
        let folder = parent.appending(name)
        defer {
            // What cannot be removed now is removed by the next operation.
            try? HostFiles.removeTree(folder)
            try? HostFiles.removeFile(parent.appending("\(name).lock"))
            lock.release()
        }
        try HostFiles.makeDirectory(folder, mode: 0o700)
        return try await body(folder)
    }
}
