// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CCompression
import HostSystem
import SystemPackage
import WorkerModel

/// A new gzip file that is written from its beginning to its end.
///
/// Always by zlib at its highest level, never by ISA-L, and with a header that has no time and no name: equal contents
/// give equal bytes on every machine.
struct GzipFile: ~Copyable {
    static let bestLevel: Int32 = 9
    /// Magic, deflate, no flags, no time, slowest compression, unknown system.
    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 255]

    private var file: OutputFile
    private var deflater: Deflater
    private var crc = CRC32()
    private var length: UInt32 = 0
    private let buffer = Slab()

    /// Makes the file, which must not exist.
    init(_ path: FilePath, mode: UInt16, level: Int32 = bestLevel) throws(ArchiveError) {
        let deflater = try Deflater(level: level)
        do throws(HostError) {
            var file = try OutputFile(in: OutputFile.currentDirectory, named: path.string, path: path, mode: mode)
            try Self.header.span.bytes.withUnsafeBytes { bytes throws(HostError) in try file.write(bytes) }
            self.file = file
        } catch { throw .host(error) }
        self.deflater = deflater
    }

    /// Appends contents.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        crc.update(bytes)
        length &+= UInt32(truncatingIfNeeded: bytes.count)
        try deflate(bytes, isLast: false)
    }

    /// Appends contents.
    mutating func write(_ bytes: [UInt8]) throws(ArchiveError) {
        try bytes.span.bytes.withUnsafeBytes { bytes throws(ArchiveError) in try write(bytes) }
    }

    /// Ends the stream, syncs the file and closes it.
    ///
    /// - Returns: digest and size of the gzip file.
    consuming func finish() throws(ArchiveError) -> (digest: Digest, size: ByteCount) {
        try deflate(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true)
        let trailer = [crc.value.littleEndian, length.littleEndian]
        do throws(HostError) {
            try trailer.span.bytes.withUnsafeBytes { bytes throws(HostError) in try file.write(bytes) }
            try file.sync()
            let size = file.size
            return (try file.finish(), size)
        } catch { throw .host(error) }
    }

    private mutating func deflate(_ bytes: UnsafeRawBufferPointer, isLast: Bool) throws(ArchiveError) {
        var rest = bytes
        var isDone = false
        while !isDone {
            let step = deflater.run(rest, into: buffer.memory, isLast: isLast)
            buffer.count = step.produced
            do throws(HostError) {
                try file.write(buffer.bytes)
            } catch { throw .host(error) }
            rest = UnsafeRawBufferPointer(rebasing: rest[step.consumed...])
            isDone = isLast ? step.isEnd : rest.isEmpty && !buffer.isFull
        }
    }
}

/// One raw deflate stream, written in pieces by zlib.
struct Deflater: ~Copyable {
    struct Step {
        let consumed: Int
        let produced: Int
        let isEnd: Bool
    }

    // Safety: made in `init`, freed in `deinit`, never handed out; a noncopyable type has one owner.
    private let stream: OpaquePointer

    /// - Throws: `ArchiveError.outOfMemory`.
    init(level: Int32) throws(ArchiveError) {
        guard let stream = iii_deflate_open(level) else { throw .outOfMemory }
        self.stream = stream
    }

    deinit { iii_deflate_close(stream) }

    mutating func run(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer,
        isLast: Bool
    ) -> Step {
        let step = iii_deflate_run(stream, input.baseAddress, input.count, output.baseAddress, output.count, isLast)
        // zlib fails only on a state that it did not make itself.
        precondition(step.status >= 0, "the deflate stream belongs to this value alone")
        return Step(consumed: step.consumed, produced: step.produced, isEnd: step.status == 1)
    }
}
