// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CCompression
import Dispatch

/// Deflates one stream in blocks, several at once.
///
/// Blocks end at fixed places of the contents, and each knows the window before it: the bytes depend on neither the number
/// of processors nor the sizes of the pieces that were written. What does not compress is stored.
struct BlockDeflater {
    private static let blockSize = 1 << 20
    private static let windowSize = 32 << 10
    /// Blocks that are deflated together.
    private static let width = 8

    private struct Block {
        let window: ArraySlice<UInt8>
        let bytes: [UInt8]
        let isLast: Bool
    }

    private let level: Int32
    private var blocks: [Block] = []
    private var open: [UInt8] = []
    private var window: ArraySlice<UInt8> = []

    init(level: Int32) {
        self.level = level
        open.reserveCapacity(Self.blockSize)
    }

    /// Appends contents.
    ///
    /// - Returns: what can be written now, in its order.
    /// - Throws: `ArchiveError.outOfMemory`.
    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) -> [[UInt8]] {
        var rest = bytes
        var deflated: [[UInt8]] = []
        while !rest.isEmpty {
            let count = min(rest.count, Self.blockSize - open.count)
            open.append(contentsOf: rest[..<count])
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            guard open.count == Self.blockSize else { continue }
            close(isLast: false)
            if blocks.count == Self.width { deflated += try deflate() }
        }
        return deflated
    }

    /// Ends the stream.
    ///
    /// - Returns: what was not yet given out.
    /// - Throws: `ArchiveError.outOfMemory`.
    mutating func finish() throws(ArchiveError) -> [[UInt8]] {
        close(isLast: true)
        return try deflate()
    }

    private mutating func close(isLast: Bool) {
        let bytes = open
        blocks.append(Block(window: window, bytes: bytes, isLast: isLast))
        window = bytes.suffix(Self.windowSize)
        open = []
        open.reserveCapacity(isLast ? 0 : Self.blockSize)
    }

    private mutating func deflate() throws(ArchiveError) -> [[UInt8]] {
        var results = [[UInt8]](repeating: [], count: blocks.count)
        let (blocks, level) = (self.blocks, self.level)
        results.withUnsafeMutableBufferPointer { results in
            // Safety: each iteration writes the one result that is its own, and all have ended when this returns.
            nonisolated(unsafe) let results = results
            DispatchQueue.concurrentPerform(iterations: blocks.count) { index in
                results[index] = Self.deflate(blocks[index], level: level)
            }
        }
        self.blocks = []
        if results.contains(where: \.isEmpty) { throw .outOfMemory }
        return results
    }

    /// Empty without memory.
    private static func deflate(_ block: Block, level: Int32) -> [UInt8] {
        if isNoise(block.bytes) { return stored(block) }
        // zlib's own bound, rounded up, and the end of the block.
        let room = block.bytes.count + block.bytes.count / 16 + 256
        return [UInt8](unsafeUninitializedCapacity: room) { output, count in
            count = block.window.withUnsafeBytes { window in
                block.bytes.withUnsafeBytes { bytes in
                    iii_deflate_block(
                        level,
                        window.baseAddress,
                        window.count,
                        bytes.baseAddress,
                        bytes.count,
                        block.isLast,
                        output.baseAddress,
                        room
                    )
                }
            }
        }
    }

    /// Whether deflating would hardly help, by samples from all over a block: so it is with what is compressed already.
    private static func isNoise(_ bytes: [UInt8]) -> Bool {
        let (samples, size) = (4, 4 << 10)
        guard bytes.count >= samples * size * 2, var deflater = try? Deflater(level: 1) else { return false }
        var deflated = 0
        // Safety: both buffers are used within the calls.
        withUnsafeTemporaryAllocation(byteCount: size * 2, alignment: 1) { room in
            bytes.withUnsafeBytes { bytes in
                for sample in 0..<samples {
                    let start = bytes.count / samples * sample
                    let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<start + size])
                    deflated += deflater.run(piece, into: room, isLast: true).produced
                    deflater.reset()
                }
            }
        }
        // The header of a file may be among the samples: a 32nd is less than it is worth.
        return deflated > samples * size / 32 * 31
    }

    /// A block as it is, in parts of the largest size that the format has a number for.
    private static func stored(_ block: Block) -> [UInt8] {
        let (largest, header) = (Int(UInt16.max), 5)
        let parts = (block.bytes.count + largest - 1) / largest
        return [UInt8](unsafeUninitializedCapacity: block.bytes.count + parts * header) { output, count in
            // Safety: the parts together are as long as the block, so all stays within the room.
            block.bytes.withUnsafeBytes { bytes in
                var output = UnsafeMutableRawBufferPointer(output)
                for part in 0..<parts {
                    let piece = bytes[part * largest..<min((part + 1) * largest, bytes.count)]
                    let size = UInt16(piece.count)
                    output[0] = block.isLast && part == parts - 1 ? 1 : 0
                    output.storeBytes(of: size.littleEndian, toByteOffset: 1, as: UInt16.self)
                    output.storeBytes(of: (~size).littleEndian, toByteOffset: 3, as: UInt16.self)
                    output = UnsafeMutableRawBufferPointer(rebasing: output[header...])
                    output.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
                    output = UnsafeMutableRawBufferPointer(rebasing: output[piece.count...])
                }
            }
            count = block.bytes.count + parts * header
        }
    }
}
