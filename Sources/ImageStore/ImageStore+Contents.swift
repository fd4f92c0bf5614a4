// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import CHostSystem
import HostSystem
package import ImageDocuments
import SystemPackage
import WorkerModel

extension ImageStore {
    /// Unpacks the layers of an image once more and compares what is in the files of both trees.
    ///
    /// Takes as long as unpacking, and as much room on disk meanwhile.
    ///
    /// - Returns: the paths of files that hold something else, sorted.
    /// - Throws: `ArchiveError` and `ImageStoreError` where a layer is not there or was damaged itself; `HostError`;
    ///   `CancellationError`.
    @concurrent
    package func changedFiles(of image: InstalledImage, for platform: ImagePlatform) async throws -> [String] {
        guard let manifest = try manifest(image.digest, for: platform) else {
            throw ImageStoreError.missing(image.digest)
        }
        let staged = try StagingFolder(below: staging)
        var limits = LayerLimits()
        // It was within those of its user when it was unpacked.
        limits.unpacked = .gibibytes(1024)
        _ = try await build(try unpackable(manifest, for: platform), in: staged.path, limits: limits) { _ in }
        let sound = try RootFolder(staged.path.appending("tree").appending("rootfs"))
        var comparison = ContentComparison(found: try RootFolder(image.root), sound: sound)
        try comparison.visit(sound.root, beside: comparison.found.root)
        return comparison.changed
    }
}

/// Walks through two trees of the same shape.
private struct ContentComparison {
    let found: RootFolder
    let sound: RootFolder
    private(set) var changed: [String] = []
    private var buffers = ([UInt8](repeating: 0, count: 1 << 17), [UInt8](repeating: 0, count: 1 << 17))

    init(found: RootFolder, sound: RootFolder) {
        self.found = found
        self.sound = sound
    }

    mutating func visit(_ right: RootFolder.Place, beside left: RootFolder.Place) throws {
        try Task.checkCancellation()
        for name in try sound.names(in: right).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            guard let status = try sound.status(of: name, in: right) else { continue }
            switch HostFiles.Kind(status) {
            case .directory:
                guard let inner = try sound.subfolder(name, of: right), let other = try found.subfolder(name, of: left)
                else { continue }
                try visit(inner, beside: other)
            case .file:
                if try !isSame(name, left, right) {
                    changed.append(String(decoding: left.path(of: name), as: UTF8.self))
                }
            default: continue
            }
        }
    }

    private mutating func isSame(
        _ name: [UInt8],
        _ left: RootFolder.Place,
        _ right: RootFolder.Place
    ) throws(HostError) -> Bool {
        guard let first = try open(name, in: left, found), let second = try open(name, in: right, sound) else {
            return true
        }
        defer {
            close(first)
            close(second)
        }
        while true {
            let counts = (fill(&buffers.0, from: first), fill(&buffers.1, from: second))
            guard let count = counts.0, let other = counts.1 else {
                throw HostError(.read, found.shown(left.path(of: name)), .current)
            }
            if count != other || buffers.0[..<count] != buffers.1[..<count] { return false }
            if count == 0 { return true }
        }
    }

    /// Nil for a file whose mode keeps us out.
    private func open(
        _ name: [UInt8],
        in place: RootFolder.Place,
        _ root: RootFolder
    ) throws(HostError) -> Int32? {
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let descriptor = named(name) { iii_openat(place.descriptor, $0, flags, 0) }
        if descriptor >= 0 { return descriptor }
        if Errno.current == .permissionDenied { return nil }
        throw HostError(.read, root.shown(place.path(of: name)), .current)
    }

    /// As much as there is room for; nil for a failed read.
    private func fill(_ buffer: inout [UInt8], from descriptor: Int32) -> Int? {
        var count = 0
        while count < buffer.count {
            let step = buffer.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            if step < 0, Errno.current == .interrupted { continue }
            if step < 0 { return nil }
            if step == 0 { break }
            count += step
        }
        return count
    }
}
