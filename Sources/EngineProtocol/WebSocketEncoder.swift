// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import NIOCore

/// Writes WebSocket frames.
package struct WebSocketEncoder: Sendable {
    /// The four bytes to mask the next frame with; nil for a server, which does not mask.
    private let mask: (@Sendable () -> UInt32)?
    /// Messages above this size are cut: some readers accept no larger frames.
    package static let largestFrame = 16 << 20
    private static let fragment = 1 << 20

    package init(mask: (@Sendable () -> UInt32)?) { self.mask = mask }

    package static let server = WebSocketEncoder(mask: nil)
    package static let client = WebSocketEncoder(mask: { UInt32.random(in: UInt32.min...UInt32.max) })

    /// Appends a message, in fragments where it is large.
    package func write(_ opcode: WebSocketOpcode, _ content: ByteBuffer, to output: inout ByteBuffer) {
        guard content.readableBytes > Self.largestFrame else {
            return writeFrame(opcode, content, isFinal: true, to: &output)
        }
        var rest = content
        var opcode = opcode
        while let part = rest.readSlice(length: min(rest.readableBytes, Self.fragment)), part.readableBytes > 0 {
            writeFrame(opcode, part, isFinal: rest.readableBytes == 0, to: &output)
            opcode = .continuation
        }
    }

    /// A message as buffers to be sent one after the other, its content not copied where nothing is masked.
    package func buffers(_ opcode: WebSocketOpcode, _ content: ByteBuffer) -> [ByteBuffer] {
        guard mask == nil else {
            var output = ByteBuffer()
            write(opcode, content, to: &output)
            return [output]
        }
        let step = content.readableBytes > Self.largestFrame ? Self.fragment : content.readableBytes
        var rest = content
        var opcode = opcode
        var result: [ByteBuffer] = []
        repeat {
            let part = rest.readSlice(length: min(rest.readableBytes, step)) ?? ByteBuffer()
            var head = ByteBuffer()
            writeHead(opcode, length: part.readableBytes, isFinal: rest.readableBytes == 0, to: &head)
            result += [head, part]
            opcode = .continuation
        } while rest.readableBytes > 0
        return result
    }

    /// Appends a close frame.
    package func writeClose(_ code: WebSocketCloseCode?, to output: inout ByteBuffer) {
        var content = ByteBuffer()
        if let code, code.isSendable { content.writeInteger(code.rawValue) }
        writeFrame(.close, content, isFinal: true, to: &output)
    }

    private func writeFrame(
        _ opcode: WebSocketOpcode,
        _ content: ByteBuffer,
        isFinal: Bool,
        to output: inout ByteBuffer
    ) {
        writeHead(opcode, length: content.readableBytes, isFinal: isFinal, to: &output)
        let mask = mask?()
        if let mask { output.writeInteger(mask) }
        let start = output.readableBytes
        output.writeImmutableBuffer(content)
        if let mask, mask != 0 { output.webSocketMask(mask, from: start, offset: 0) }
    }

    /// Appends what stands before a frame's mask and content.
    private func writeHead(_ opcode: WebSocketOpcode, length: Int, isFinal: Bool, to output: inout ByteBuffer) {
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        output.writeInteger(opcode.rawValue | (isFinal ? 0x80 : 0))
        switch length {
        case ...125: output.writeInteger(UInt8(length) | maskBit)
        case ...0xFFFF:
            output.writeInteger(126 | maskBit)
            output.writeInteger(UInt16(length))
        default:
            output.writeInteger(127 | maskBit)
            output.writeInteger(UInt64(length))
        }
    }
}

extension ByteBuffer {
    /// Masks or unmasks the readable bytes from `start` on, which are `offset` bytes into their frame.
    mutating func webSocketMask(_ mask: UInt32, from start: Int, offset: Int) {
        let turned = Self.turn(mask, by: offset)
        let wide = (UInt64(turned) << 32 | UInt64(turned)).bigEndian
        withUnsafeMutableReadableBytes { bytes in
            // Safety: every load and store lies between `start` and the end of the readable bytes, which this closure
            // alone may touch.
            var index = start
            while index + 8 <= bytes.count {
                let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                bytes.storeBytes(of: word ^ wide, toByteOffset: index, as: UInt64.self)
                index += 8
            }
            while index < bytes.count {
                let shift = 24 - 8 * ((index - start) % 4)
                bytes[index] ^= UInt8(truncatingIfNeeded: turned >> shift)
                index += 1
            }
        }
    }

    /// The mask, turned so that its first byte is the one for `offset`.
    private static func turn(_ mask: UInt32, by offset: Int) -> UInt32 {
        let bits = UInt32(8 * (offset % 4))
        return bits == 0 ? mask : mask << bits | mask >> (32 - bits)
    }
}
