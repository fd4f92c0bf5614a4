// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel
import HostSystem
package import Sandboxing
package import SystemPackage

/// Reads what a worker has printed, by bytes.
package struct LogReader: Sendable {
    /// How far back one looks for lines.
    private static let reach = 1 << 20

    package let folder: FilePath

    package init(folder: FilePath) { self.folder = folder }

    /// Whether anything is there.
    package var hasLogs: Bool {
        [OutputStreamName.output, .error].contains { name in
            // A file that cannot be looked at is none.
            ((try? HostFiles.kind(of: WorkerLog.file(name, in: folder))) ?? nil) == .file
        }
    }

    /// The last lines of one log, each with its end; those of the file before it where the newest is short.
    ///
    /// - Throws: `HostError`, `Errno`.
    package func last(_ count: Int, of name: OutputStreamName) throws -> [UInt8] {
        let path = WorkerLog.file(name, in: folder)
        var bytes = try Self.end(of: path)
        if Self.lineCount(bytes) < count { bytes = try Self.end(of: FilePath("\(path.string).1")) + bytes }
        return Array(Self.lastLines(count, of: bytes))
    }

    /// The last `count` lines of a text; a last line without its end counts.
    static func lastLines(_ count: Int, of bytes: [UInt8]) -> ArraySlice<UInt8> {
        guard count > 0 else { return [] }
        var found = 0
        for index in bytes.indices.reversed() where bytes[index] == 0x0A && index != bytes.count - 1 {
            found += 1
            if found == count { return bytes[(index + 1)...] }
        }
        return bytes[...]
    }

    private static func lineCount(_ bytes: [UInt8]) -> Int { bytes.count { $0 == 0x0A } }

    private static func end(of path: FilePath) throws -> [UInt8] {
        guard let size = try HostFiles.size(of: path)?.bytes else { return [] }
        let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        defer { try? descriptor.close() }
        let start = max(0, size - Int64(reach))
        return try descriptor.bytes(from: start, upTo: reach)
    }
}

/// Follows one log: what is appended to it, across its rotation.
package struct LogFollower: Sendable {
    private let path: FilePath
    private var offset: Int64
    private var identity: UInt64?

    /// Begins at the present end.
    package init(_ path: FilePath) {
        self.path = path
        offset = (try? HostFiles.size(of: path))??.bytes ?? 0
        identity = HostFiles.identity(of: path)
    }

    /// What has been appended since; the rest of a file that was put aside first.
    package mutating func next() -> [UInt8] {
        var bytes: [UInt8] = []
        let now = HostFiles.identity(of: path)
        if let before = identity, now != before {
            let aside = FilePath("\(path.string).1")
            if HostFiles.identity(of: aside) == before { bytes = Self.read(aside, from: offset) }
            offset = 0
        }
        identity = now
        if let size = try? HostFiles.size(of: path)?.bytes, size < offset { offset = 0 }
        let piece = Self.read(path, from: offset)
        offset += Int64(piece.count)
        return bytes + piece
    }

    private static func read(_ path: FilePath, from offset: Int64) -> [UInt8] {
        // What cannot be read now is asked for again with the next change.
        guard let descriptor = try? FileDescriptor.open(path, .readOnly, options: [.closeOnExec]) else { return [] }
        defer { try? descriptor.close() }
        return (try? descriptor.bytes(from: offset, upTo: LogFile.sizeLimit * 2)) ?? []
    }
}

extension FileDescriptor {
    /// The bytes from a place to the end, at most so many.
    fileprivate func bytes(from offset: Int64, upTo limit: Int) throws -> [UInt8] {
        var result: [UInt8] = []
        while result.count < limit {
            let piece = try [UInt8](unsafeUninitializedCapacity: min(1 << 16, limit - result.count)) { buffer, count in
                // Safety: read writes at most `buffer.count` bytes and returns how many.
                count = try read(
                    fromAbsoluteOffset: offset + Int64(result.count),
                    into: UnsafeMutableRawBufferPointer(buffer)
                )
            }
            if piece.isEmpty { break }
            result += piece
        }
        return result
    }
}
