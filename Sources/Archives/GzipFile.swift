// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CCompression
import HostSystem
import SystemPackage
import WorkerModel

/// A new gzip file that is written from its beginning to its end.
///
/// Always by zlib, never by ISA-L, and with a header that has no time and no name: equal contents give equal bytes on every
/// machine.
struct GzipFile: ~Copyable {
    static let customaryLevel: Int32 = 6
    /// Magic, deflate, no flags, no time, customary compression, unknown system.
    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]

    private var file: OutputFile
    private var deflater: BlockDeflater
    private var crc = CRC32()
    private var length: UInt32 = 0
    private let isSynced: Bool

    /// Makes the file, which must not exist.
    init(_ path: FilePath, mode: UInt16, level: Int32 = customaryLevel, isSynced: Bool = true) throws(ArchiveError) {
        do throws(HostError) {
            var file = try OutputFile(in: OutputFile.currentDirectory, named: path.string, path: path, mode: mode)
            try Self.header.span.bytes.withUnsafeBytes { bytes throws(HostError) in try file.write(bytes) }
            self.file = file
        } catch { throw .host(error) }
        deflater = BlockDeflater(level: level)
        self.isSynced = isSynced
    }

    /// Appends contents.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        crc.update(bytes)
        length &+= UInt32(truncatingIfNeeded: bytes.count)
        try write(deflated: try deflater.append(bytes))
    }

    /// Appends contents.
    mutating func write(_ bytes: [UInt8]) throws(ArchiveError) {
        try bytes.span.bytes.withUnsafeBytes { bytes throws(ArchiveError) in try write(bytes) }
    }

    /// Ends the stream, syncs the file where that is wanted, and closes it.
    ///
    /// - Returns: digest and size of the gzip file.
    consuming func finish() throws(ArchiveError) -> (digest: Digest, size: ByteCount) {
        try write(deflated: try deflater.finish())
        let trailer = [crc.value.littleEndian, length.littleEndian]
        do throws(HostError) {
            try trailer.span.bytes.withUnsafeBytes { bytes throws(HostError) in try file.write(bytes) }
            if isSynced { try file.sync() }
            let size = file.size
            return (try file.finish(), size)
        } catch { throw .host(error) }
    }

    private mutating func write(deflated pieces: [[UInt8]]) throws(ArchiveError) {
        do throws(HostError) {
            for piece in pieces {
                try piece.span.bytes.withUnsafeBytes { bytes throws(HostError) in try file.write(bytes) }
            }
        } catch { throw .host(error) }
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
