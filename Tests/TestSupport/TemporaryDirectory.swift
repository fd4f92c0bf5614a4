// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
package import SystemPackage

/// Runs `body` with a new empty folder, which is removed afterwards with all that is in it.
///
/// The path is canonical: no part of it is a symbolic link.
package func withTemporaryDirectory<Result>(_ body: (FilePath) throws -> Result) throws -> Result {
    let path = try makeTemporaryDirectory()
    defer { removeTemporaryDirectory(path) }
    return try body(path)
}

/// Runs `body` with a new empty folder, which is removed afterwards with all that is in it.
package func withTemporaryDirectory<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
    let path = try makeTemporaryDirectory()
    defer { removeTemporaryDirectory(path) }
    return try await body(path)
}

private func makeTemporaryDirectory() throws -> FilePath {
    let url = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
        .appendingPathComponent("iii-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return FilePath(url.path)
}

/// Folders that a test left read-only are made writable first.
private func removeTemporaryDirectory(_ path: FilePath) {
    let manager = FileManager.default
    if let entries = manager.enumerator(atPath: path.string) {
        for case let entry as String in entries
        where entries.fileAttributes?[.type] as? FileAttributeType == .typeDirectory {
            try? manager.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path.appending(entry).string)
        }
    }
    try? manager.removeItem(atPath: path.string)
}
