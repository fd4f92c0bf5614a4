// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import HostSystem
import SystemPackage
import WorkerModel

/// What a root file system looks like without a look into its files: what is there, how large, with which mode, from when.
///
/// What a power failure cuts has another size, and what somebody edits another time.
struct RootShape: Hashable, Sendable {
    let entries: Int
    /// The sizes of all files together.
    let size: ByteCount
    /// Over the path, kind, mode, and the size and time or the target of every entry.
    let digest: Digest

    /// Walks through a root, following no link.
    ///
    /// - Throws: `HostError`.
    @concurrent
    static func measured(_ path: FilePath) async throws -> RootShape { try RootShape(path) }

    private init(_ path: FilePath) throws {
        let root = try RootFolder(path)
        var walk = Walk(root: root)
        try walk.visit(root.root)
        (entries, size, digest) = (walk.entries, walk.size, walk.hasher.finalize())
    }

    private struct Walk {
        let root: RootFolder
        var hasher = DigestHasher()
        var entries = 0
        var size = ByteCount.zero

        mutating func visit(_ place: RootFolder.Place) throws {
            try Task.checkCancellation()
            for name in try root.names(in: place).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                guard let status = try root.status(of: name, in: place) else { continue }
                entries += 1
                let kind = HostFiles.Kind(status)
                var line = place.path(of: name) + [0] + Array("\(status.st_mode) ".utf8)
                if kind == .file {
                    size = size + ByteCount(Int64(status.st_size))
                    line += Array("\(status.st_size) \(status.seconds)".utf8)
                }
                if kind == .symbolicLink { line += (try? root.target(ofLink: name, in: place)) ?? [] }
                hasher.update(line + [0])
                if kind == .directory, let next = try root.subfolder(name, of: place) { try visit(next) }
            }
        }
    }
}

extension RootFolder {
    /// A folder of a folder; nil for one whose mode keeps us out.
    func subfolder(_ name: [UInt8], of place: Place) throws(HostError) -> Place? {
        let descriptor = named(name) { iii_openat(place.descriptor, $0, Self.flags, 0) }
        if descriptor >= 0 { return Place(descriptor: descriptor, path: place.path(of: name), parent: nil) }
        if Errno.current == .permissionDenied { return nil }
        throw HostError(.read, shown(place.path(of: name)), .current)
    }
}

extension stat {
    /// When its contents were last changed, in whole seconds: not every file system keeps more.
    fileprivate var seconds: Int {
        #if os(Linux)
        Int(st_mtim.tv_sec)
        #else
        Int(st_mtimespec.tv_sec)
        #endif
    }
}
