// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// The rules of an archive that concern more than one entry: limits on the whole and collisions of paths.
///
/// Sizes are counted as they are declared, before a byte of the entry is read; only where they are not, as bytes come.
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
        if let size = entry.size { try count(undeclared: size, of: size) }
        do {
            try tree.insert(entry.path, isDirectory: entry.kind == .directory)
        } catch { throw .path(error) }
    }

    /// Counts bytes of a file whose size was not known when it was admitted; `size` is what has come of it with them.
    mutating func count(undeclared bytes: ByteCount, of size: ByteCount) throws(ArchiveFault) {
        if size > limits.file { throw .limit(.file, limit: limits.file.bytes) }
        unpacked = unpacked + bytes
        if unpacked > limits.unpacked { throw .limit(.unpacked, limit: limits.unpacked.bytes) }
    }
}

extension ArchiveFault: Error {}
