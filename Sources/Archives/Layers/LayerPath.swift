// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Paths in layers, which are bytes.
enum LayerPath {
    /// A path below the root without what changes nothing: empty parts, `.`, a `/` before it or after it.
    static func clean(_ path: [UInt8], limit: Int) throws(ArchiveFault) -> [UInt8] {
        if path.count > limit { throw .path(.tooLong) }
        if path.contains(0) { throw .path(.nul) }
        var clean: [UInt8] = []
        clean.reserveCapacity(path.count)
        for part in path.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
            if part.elementsEqual("..".utf8) { throw .path(.climbs) }
            if part.count > EntryPath.maximumComponentLength { throw .path(.componentTooLong) }
            if !clean.isEmpty { clean.append(UInt8(ascii: "/")) }
            clean += part
        }
        return clean
    }

    /// What a symbolic link says: anything that a file system can hold, since it is followed inside the root only.
    static func target(_ target: [UInt8], limit: Int) throws(ArchiveFault) -> [UInt8] {
        guard (1..<limit).contains(target.count), !target.contains(0) else { throw .layer(.linkTarget) }
        return target
    }
}
