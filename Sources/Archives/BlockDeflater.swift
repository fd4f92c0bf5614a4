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

    private static func deflate(_ block: Block, level: Int32) -> [UInt8] {
        let level = isNoise(block.bytes) ? 0 : level
        return run(level, after: block.window, block.bytes[...], isLast: block.isLast)
    }

    /// Whether samples all over a block are larger when they are deflated, as what is compressed already is.
    private static func isNoise(_ bytes: [UInt8]) -> Bool {
        let (samples, size) = (4, 4 << 10)
        guard bytes.count >= samples * size * 2 else { return false }
        return (0..<samples).allSatisfy { sample in
            let start = bytes.count / samples * sample
            return run(1, after: [], bytes[start..<start + size], isLast: true).count > size
        }
    }

    /// Empty without memory.
    private static func run(
        _ level: Int32,
        after window: ArraySlice<UInt8>,
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool
    ) -> [UInt8] {
        // zlib's own bound, rounded up, and the end of the block.
        let room = bytes.count + bytes.count / 16 + 256
        return [UInt8](unsafeUninitializedCapacity: room) { output, count in
            count = window.withUnsafeBytes { window in
                bytes.withUnsafeBytes { bytes in
                    iii_deflate_block(
                        level,
                        window.baseAddress,
                        window.count,
                        bytes.baseAddress,
                        bytes.count,
                        isLast,
                        output.baseAddress,
                        room
                    )
                }
            }
        }
    }
}
