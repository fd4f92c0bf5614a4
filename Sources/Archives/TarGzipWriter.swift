// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
package import SystemPackage
package import WorkerModel

/// One file to be packed.
package struct PackedFile: Sendable {
    package enum Source: Sendable {
        case file(FilePath)
        case bytes([UInt8])
    }

    /// Its path in the archive, parts joined by `/`.
    package let path: String
    package let source: Source
    package let isExecutable: Bool

    package init(path: String, source: Source, isExecutable: Bool) {
        self.path = path
        self.source = source
        self.isExecutable = isExecutable
    }
}

/// An archive that was packed.
package struct PackedArchive: Sendable, Hashable {
    package let digest: Digest
    /// Bytes of the archive.
    package let size: ByteCount
    /// What is in it.
    package let unpacked: ByteCount
}

/// Packs files into a tar.gz, reproducibly: the bytes depend on the paths, contents and executable bits alone.
///
/// Shape: entries sorted by the bytes of their paths, no entries for folders; modes 0644 and 0755, owner 0, one time for
/// all; ustar, with PAX headers for paths longer than 100 bytes or beyond ASCII; gzip by zlib at level 6, in blocks of 1 MiB,
/// with neither name nor time.
package enum TarGzipWriter {
    /// Packs `files` to `path`, under the very rules that our readers apply.
    ///
    /// - Parameters:
    ///   - files: in any order.
    ///   - path: where the archive goes; what is there is replaced once the archive is whole.
    ///   - time: seconds since 1970 that all entries get: 0, or what `SOURCE_DATE_EPOCH` says.
    ///   - limits: what the archive may hold.
    ///   - level: how hard zlib tries, 1 to 9; archives that others compare are made with 6.
    ///   - mode: of the archive's file.
    ///   - isSynced: whether it outlasts a power failure; what is made to be sent need not.
    /// - Returns: digest and sizes of the archive.
    /// - Throws: `ArchiveError.packing` for a file that breaks a rule or changes meanwhile, `ArchiveError.host`.
    package static func write(
        _ files: [PackedFile],
        to path: FilePath,
        time: Int64 = 0,
        limits: ArchiveLimits,
        level: Int32 = GzipFile.customaryLevel,
        mode: UInt16 = 0o644,
        isSynced: Bool = true
    ) throws(ArchiveError) -> PackedArchive {
        guard (0...TarHeaderEncoder.largestNumber).contains(time) else {
            throw .packing(.time, path: path.string)
        }
        let temporary = HostFiles.temporarySibling(of: path)
        do throws(ArchiveError) {
            let archive = try writeNew(
                files,
                to: GzipFile(temporary, mode: mode, level: level, isSynced: isSynced),
                time: time,
                limits: limits
            )
            do throws(HostError) {
                try HostFiles.rename(temporary, to: path)
            } catch { throw .host(error) }
            return archive
        } catch {
            // What went wrong before is what counts.
            try? HostFiles.removeFile(temporary)
            throw error
        }
    }

    private static func writeNew(
        _ files: [PackedFile],
        to output: consuming GzipFile,
        time: Int64,
        limits: ArchiveLimits
    ) throws(ArchiveError) -> PackedArchive {
        var packing = Packing(output: output, time: time, limits: limits)
        for file in files.sorted(by: { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }) {
            try packing.add(file)
        }
        return try packing.finish()
    }
}

/// An archive in the making.
private struct Packing: ~Copyable {
    private var output: GzipFile
    private var policy: EntryPolicy
    private let limits: ArchiveLimits
    private let time: Int64
    private let buffer = Slab()
    private var unpacked = ByteCount.zero

    init(output: consuming GzipFile, time: Int64, limits: ArchiveLimits) {
        self.output = output
        self.time = time
        self.limits = limits
        policy = EntryPolicy(limits: limits)
    }

    mutating func add(_ file: PackedFile) throws(ArchiveError) {
        switch file.source {
        case .bytes(let bytes):
            try begin(file, size: Int64(bytes.count))
            try output.write(bytes)
            try output.write(TarHeaderEncoder.padding(after: bytes.count))
        case .file(let path):
            var source = try SourceFile(path)
            let size = source.size
            try begin(file, size: size)
            try copy(&source, size: size, path: file.path)
            try output.write(TarHeaderEncoder.padding(after: Int(size)))
        }
    }

    private mutating func begin(_ file: PackedFile, size: Int64) throws(ArchiveError) {
        do throws(ArchiveFault) {
            let entry = ArchiveEntry(
                path: try Self.path(of: file),
                kind: .file,
                size: ByteCount(size),
                isExecutable: file.isExecutable
            )
            try policy.count()
            try policy.admit(entry)
        } catch { throw .packing(.rule(error), path: file.path) }
        guard size <= TarHeaderEncoder.largestNumber else { throw .packing(.tooLarge, path: file.path) }
        unpacked = unpacked + ByteCount(size)
        let mode: UInt16 = file.isExecutable ? 0o755 : 0o644
        try output.write(TarHeaderEncoder.header(path: file.path, size: size, mode: mode, time: time))
    }

    /// A path as it will be read: one that reading would change, such as `./a`, is not packed.
    private static func path(of file: PackedFile) throws(ArchiveFault) -> EntryPath {
        do throws(PathFault) {
            let path = try EntryPath(parsing: file.path.utf8, isDirectory: false)
            if path.description.utf8.count != file.path.utf8.count { throw .dotComponent }
            return path
        } catch { throw .path(error) }
    }

    private mutating func copy(_ source: inout SourceFile, size: Int64, path: String) throws(ArchiveError) {
        var remaining = size
        while true {
            buffer.count = try source.read(into: buffer.memory)
            if buffer.count == 0 { break }
            remaining -= Int64(buffer.count)
            if remaining < 0 { break }
            try output.write(buffer.bytes)
        }
        if remaining != 0 { throw .packing(.changed, path: path) }
    }

    consuming func finish() throws(ArchiveError) -> PackedArchive {
        try output.write(TarHeaderEncoder.end)
        let (unpacked, limit) = (self.unpacked, limits.compressed)
        let (digest, size) = try output.finish()
        if size > limit { throw .tooLarge(limit: limit) }
        return PackedArchive(digest: digest, size: size, unpacked: unpacked)
    }
}
