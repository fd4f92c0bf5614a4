// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CCompression

/// Cuts the contents of one deflate stream into blocks that can be deflated at once.
///
/// Blocks end at fixed places of the contents, and each knows the window before it: the bytes depend on neither the number
/// of processors nor the sizes of the pieces that were written. What does not compress is stored.
struct BlockDeflater {
    private static let blockSize = 1 << 20
    private static let windowSize = 32 << 10

    private var open: [UInt8] = []
    private var window: ArraySlice<UInt8> = []

    init() { open.reserveCapacity(Self.blockSize) }

    /// Appends contents, and gives the blocks that they fill to `use`, in their order.
    mutating func append(
        _ bytes: UnsafeRawBufferPointer,
        _ use: (DeflateBlock) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = min(rest.count, Self.blockSize - open.count)
            open.append(contentsOf: rest[..<count])
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if open.count == Self.blockSize { try use(close(isLast: false)) }
        }
    }

    /// Ends the contents, and gives the last block, which may be empty.
    mutating func finish() -> DeflateBlock { close(isLast: true) }

    private mutating func close(isLast: Bool) -> DeflateBlock {
        let block = DeflateBlock(window: window, bytes: open, isLast: isLast)
        window = block.bytes.suffix(Self.windowSize)
        open = []
        open.reserveCapacity(isLast ? 0 : Self.blockSize)
        return block
    }
}

/// A part of a deflate stream that ends on a whole byte.
struct DeflateBlock: Sendable {
    /// What stands before it.
    let window: ArraySlice<UInt8>
    let bytes: [UInt8]
    let isLast: Bool

    /// What stands for it in the stream; empty without memory.
    func deflated(level: Int32) -> [UInt8] {
        if isNoise { return stored }
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

    /// Whether deflating would hardly help, by samples from all over a block: so it is with what is compressed already.
    private var isNoise: Bool {
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
    private var stored: [UInt8] {
        let (largest, header) = (Int(UInt16.max), 5)
        let parts = (bytes.count + largest - 1) / largest
        return [UInt8](unsafeUninitializedCapacity: bytes.count + parts * header) { output, count in
            // Safety: the parts together are as long as the block, so all stays within the room.
            bytes.withUnsafeBytes { bytes in
                var output = UnsafeMutableRawBufferPointer(output)
                for part in 0..<parts {
                    let piece = bytes[part * largest..<min((part + 1) * largest, bytes.count)]
                    let size = UInt16(piece.count)
                    output[0] = isLast && part == parts - 1 ? 1 : 0
                    output.storeBytes(of: size.littleEndian, toByteOffset: 1, as: UInt16.self)
                    output.storeBytes(of: (~size).littleEndian, toByteOffset: 3, as: UInt16.self)
                    output = UnsafeMutableRawBufferPointer(rebasing: output[header...])
                    output.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
                    output = UnsafeMutableRawBufferPointer(rebasing: output[piece.count...])
                }
            }
            count = bytes.count + parts * header
        }
    }
}
