// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import NIOCore
package import SystemPackage
import Transport
package import WorkerModel

/// What came of artifacts whose download was interrupted, so that the next command goes on where it stopped.
///
/// On disk, below a folder that may be removed at any time: `DIGEST.part`, the bytes; `DIGEST.from`, the size and the
/// validator that the server named; `DIGEST.lock`, held by who downloads. Nobody vouches for the bytes: as those of any
/// download they are hashed from the first to the last before anything is used.
package struct PartialDownloads: Sendable {
    /// Smaller artifacts are fetched again sooner than they are written down.
    package static let smallest = ByteCount.mebibytes(1)

    private let folder: FilePath

    package init(folder: FilePath) { self.folder = folder }

    /// Whether an earlier download left something of an artifact.
    func hasPart(of digest: Digest) -> Bool {
        // What cannot be looked at cannot be gone on from.
        ((try? HostFiles.kind(of: folder.appending("\(digest)").withExtension("part"))) ?? nil) == .file
    }

    /// What there is of an artifact; nil where another process is downloading it, or nothing can be written.
    func open(_ digest: Digest) -> PartialDownload? {
        let path = folder.appending("\(digest)")
        // Where nothing can be kept the download goes on as if there were no folder.
        do {
            try HostFiles.makeDirectory(folder, mode: 0o700)
            guard let lock = try FileLock.attempt(path.withExtension("lock")) else { return nil }
            return PartialDownload(path: path, lock: lock)
        } catch { return nil }
    }
}

extension FilePath {
    fileprivate func withExtension(_ name: String) -> FilePath { FilePath("\(string).\(name)") }
}

/// One artifact of which a part may be there already.
///
/// Used by one download at a time. What fails on the way to the disk ends the keeping, never the download.
final class PartialDownload: Sendable {
    /// What a server said of the bytes that it sent.
    struct Origin: Sendable, Hashable {
        var total: Int64
        var entityTag: String?
        var lastModified: String?
    }

    private let path: FilePath
    private let lock: FileLock

    init(path: FilePath, lock: FileLock) {
        self.path = path
        self.lock = lock
    }

    private var bytes: FilePath { path.withExtension("part") }
    private var source: FilePath { path.withExtension("from") }

    /// How many bytes an earlier download left, with what its server said; nil where there is nothing to go on from.
    func kept() -> (count: Int64, origin: Origin)? {
        guard let size = try? HostFiles.size(of: bytes), size > .zero,
            let text = try? HostFiles.read(source, upTo: .kibibytes(16)),
            let origin = Origin(parsing: String(decoding: text, as: UTF8.self)), size.bytes <= origin.total
        else { return nil }
        return (size.bytes, origin)
    }

    /// The bytes that an earlier download left.
    var pieces: FilePieces { FilePieces(of: bytes) }

    /// A way to write behind what is there, or nil; without `goingOn` what is there is thrown away first.
    func writer(_ origin: Origin, goingOn: Bool) -> PieceWriter? {
        do {
            if !goingOn {
                discardBytes()
                try HostFiles.writeNew(Array(origin.text.utf8), to: source, mode: 0o600, isSynced: false)
            }
            return PieceWriter(
                try SystemPackage.FileDescriptor.open(
                    bytes,
                    .writeOnly,
                    options: [.create, .append, .closeOnExec, .noFollow],
                    permissions: FilePermissions(rawValue: 0o600)
                )
            )
        } catch {
            discardBytes()
            return nil
        }
    }

    /// Nothing more is to be gone on from: all of it came, or it was of no use.
    func discard() {
        discardBytes()
        // The file of the lock stays: without it two could hold it.
        lock.release()
    }

    private func discardBytes() {
        // What is not there need not be removed, and what cannot be is overwritten or removed with the folder.
        try? HostFiles.removeFile(bytes)
        try? HostFiles.removeFile(source)
    }
}

extension PartialDownload.Origin {
    /// Three lines: the size, the entity tag, the date of the last change.
    fileprivate var text: String { "\(total)\n\(entityTag ?? "")\n\(lastModified ?? "")\n" }

    fileprivate init?(parsing text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count == 4, let total = Int64(lines[0]), total > 0, !(lines[1] + lines[2]).isEmpty else {
            return nil
        }
        self.total = total
        entityTag = lines[1].isEmpty ? nil : lines[1]
        lastModified = lines[2].isEmpty ? nil : lines[2]
    }
}

/// Writes to the end of a file piece by piece; it is closed with the writer.
final class PieceWriter: Sendable {
    private let descriptor: SystemPackage.FileDescriptor

    init(_ descriptor: SystemPackage.FileDescriptor) { self.descriptor = descriptor }

    /// A descriptor that cannot be closed is gone all the same.
    deinit { try? descriptor.close() }

    func append(_ piece: ByteBuffer) throws {
        _ = try piece.withUnsafeReadableBytes { try descriptor.writeAll($0) }
    }
}
