// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage

/// Folders that keep the files that were used last; whoever uses one touches it.
enum KeptFiles {
    /// Removes the files of a folder but for the `count` that were touched last; who has one open keeps it.
    static func forget(below folder: FilePath, allBut count: Int) throws {
        let files = try HostFiles.entries(of: folder).map { folder.appending($0) }
            .filter { try HostFiles.kind(of: $0) == .file }
        guard files.count > count else { return }
        let times = try files.map { (path: $0, time: try HostFiles.modificationTime(of: $0) ?? 0) }
        for old in times.sorted(by: { $0.time > $1.time }).dropFirst(count) { try HostFiles.removeFile(old.path) }
    }
}
