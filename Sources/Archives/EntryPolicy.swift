// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// The rules of an archive that concern more than one entry: limits on the whole and collisions of paths.
///
/// Sizes are counted as they are declared, before a byte of the entry is read.
struct EntryPolicy {
    let limits: ArchiveLimits
    private var tree = EntryTree()
    private var entries = 0
    private var unpacked = ByteCount.zero

    init(limits: ArchiveLimits) { self.limits = limits }

    /// Counts one entry, of whatever kind it turns out to be.
    mutating func count() throws(ArchiveFault) {
        entries += 1
        if entries > limits.entries { throw .limit(.entries, limit: Int64(limits.entries)) }
    }

    /// Accepts an entry into the archive.
    ///
    /// - Throws: `ArchiveFault` for a limit or a collision.
    mutating func admit(_ entry: ArchiveEntry) throws(ArchiveFault) {
        if entry.path.components.count > limits.depth { throw .limit(.depth, limit: Int64(limits.depth)) }
        if entry.size > limits.file { throw .limit(.file, limit: limits.file.bytes) }
        unpacked = unpacked + entry.size
        if unpacked > limits.unpacked { throw .limit(.unpacked, limit: limits.unpacked.bytes) }
        do {
            try tree.insert(entry.path, isDirectory: entry.kind == .directory)
        } catch { throw .path(error) }
    }
}

extension ArchiveFault: Error {}
