// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import HostSystem
package import Sandboxing
package import SystemPackage
import WorkerModel

/// Reads what a worker has printed, by bytes.
package struct LogReader: Sendable {
    /// How far back one looks for lines.
    private static let reach = 1 << 20

    package let folder: FilePath

    package init(folder: FilePath) { self.folder = folder }

    /// Whether anything is there.
    package var hasLogs: Bool {
        let paths = [OutputStreamName.output, .error].map { WorkerLog.file($0, in: folder) }
        // A file that cannot be looked at is none.
        return (paths + [WorkerLog.story(in: folder)]).contains { ((try? HostFiles.kind(of: $0)) ?? nil) == .file }
    }

    /// What the worker printed and what became of it, in the order in which it came; without `since`, of the last mebibyte
    /// and more.
    ///
    /// Of a worker that an earlier `iii` ran there are the lines of the one stream after those of the other, without times.
    ///
    /// - Returns: the lines, and what follows them.
    /// - Throws: `HostError`, `Errno`.
    package func story(since: Moment? = nil) throws -> (lines: [LogEntry], following: StoryFollower) {
        let path = WorkerLog.story(in: folder)
        guard try HostFiles.kind(of: path) != nil else {
            return (since == nil ? try untimed() : [], StoryFollower(path, from: 0, identity: nil))
        }
        let identity = HostFiles.identity(of: path)
        let reach = since == nil ? Self.reach : .max
        var (bytes, end) = try Self.tail(of: path, reach: reach)
        for generation in 1...LogFile.generations {
            guard since.map({ Self.begins(bytes, after: $0) }) ?? (bytes.count < Self.reach) else { break }
            let older = try Self.tail(of: FilePath("\(path.string).\(generation)"), reach: reach).bytes
            if older.isEmpty { break }
            bytes = older + bytes
        }
        var lines = LogLines()
        for line in bytes.split(separator: 0x0A) { if let entry = LogEntry(line: line) { lines.append(entry) } }
        let told = lines.all.filter { line in since.map { since in line.time.map { $0 >= since } ?? false } ?? true }
        return (told, StoryFollower(path, from: end, identity: identity))
    }

    /// Whether what was written later than a moment may have begun earlier.
    private static func begins(_ bytes: [UInt8], after moment: Moment) -> Bool {
        guard let first = bytes.split(separator: 0x0A, maxSplits: 1).first, let time = LogEntry(line: first)?.time
        else {
            return true
        }
        return time >= moment
    }

    private func untimed() throws -> [LogEntry] {
        try [(OutputStreamName.error, LogEntry.Origin.error), (.output, .output)].flatMap { stream, origin in
            let lines = try last(.max, of: stream).split(separator: 0x0A, omittingEmptySubsequences: false)
            return lines.enumerated().compactMap { index, text in
                let isLast = index == lines.count - 1
                return isLast && text.isEmpty
                    ? nil : LogEntry(time: nil, origin: origin, text: Array(text), endsLine: !isLast)
            }
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

    private static func end(of path: FilePath) throws -> [UInt8] { try tail(of: path, reach: reach).bytes }

    /// The last bytes of a file, and where they end; nothing of one that is not there.
    private static func tail(of path: FilePath, reach: Int) throws -> (bytes: [UInt8], end: Int64) {
        guard let size = try HostFiles.size(of: path)?.bytes else { return ([], 0) }
        let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        defer { try? descriptor.close() }
        let start = max(0, size - Int64(min(reach, LogFile.sizeLimit * 2)))
        let bytes = try descriptor.bytes(from: start, upTo: reach)
        return (bytes, start + Int64(bytes.count))
    }
}

/// Follows what `LogReader.story` read.
package struct StoryFollower: Sendable {
    private var file: LogFollower
    /// What was written of a piece so far.
    private var rest: [UInt8] = []

    init(_ path: FilePath, from offset: Int64, identity: UInt64?) {
        file = LogFollower(path, from: offset, identity: identity)
    }

    /// The pieces that have come since.
    package mutating func next() -> [LogEntry] {
        rest += file.next()
        guard let end = rest.lastIndex(of: 0x0A) else { return [] }
        let whole = rest[...end]
        rest = Array(rest[(end + 1)...])
        return whole.split(separator: 0x0A).compactMap { LogEntry(line: $0) }
    }
}

/// Follows one log: what is appended to it, across its rotation.
package struct LogFollower: Sendable {
    private let path: FilePath
    private var offset: Int64
    private var identity: UInt64?

    init(_ path: FilePath, from offset: Int64, identity: UInt64?) {
        (self.path, self.offset, self.identity) = (path, offset, identity)
    }

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
