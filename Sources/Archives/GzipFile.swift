// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

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

    private let file: BlockPipeline
    private var deflater: BlockDeflater
    private var crc = CRC32()
    private var length: UInt32 = 0
    private let level: Int32
    private let isSynced: Bool

    /// Makes the file, which must not exist.
    init(_ path: FilePath, mode: UInt16, level: Int32 = customaryLevel, isSynced: Bool = true) throws(ArchiveError) {
        file = try BlockPipeline(path, mode: mode, header: Self.header)
        deflater = BlockDeflater()
        self.level = level
        self.isSynced = isSynced
    }

    /// Appends contents.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        crc.update(bytes)
        length &+= UInt32(truncatingIfNeeded: bytes.count)
        let (file, level) = (self.file, self.level)
        try deflater.append(bytes) { (block) throws(ArchiveError) in try file.append { block.deflated(level: level) } }
    }

    /// Appends contents.
    mutating func write(_ bytes: [UInt8]) throws(ArchiveError) {
        try bytes.span.bytes.withUnsafeBytes { bytes throws(ArchiveError) in try write(bytes) }
    }

    /// Ends the stream, syncs the file where that is wanted, and closes it.
    ///
    /// - Returns: digest and size of the gzip file.
    consuming func finish() throws(ArchiveError) -> (digest: Digest, size: ByteCount) {
        let (block, level) = (deflater.finish(), self.level)
        try file.append { block.deflated(level: level) }
        let trailer = [crc.value.littleEndian, length.littleEndian].withUnsafeBytes { [UInt8]($0) }
        try file.append { trailer }
        return try file.finish(isSynced: isSynced)
    }
}
