// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics

/// One frame between the host and the guest.
///
/// Shape, little endian: `u32 length of the payload | u32 stream | u8 type | payload`. Stream 0 is the sandbox itself, 1 the
/// worker, 2 and on are commands that the host started; from 0x80000000 on are connections that the worker made.
package struct GuestFrame: Hashable, Sendable {
    package enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        // Host to guest.
        case start = 1
        case execute = 2
        case input = 3
        case inputEnd = 4
        case signal = 5
        case ping = 6
        case powerOff = 7
        case seed = 8
        case resize = 9
        // Both ways, of connections; credit also of inputs and outputs.
        case data = 16
        /// The connection is gone.
        case close = 17
        /// No more bytes will come from this side.
        case finish = 18
        /// `u32`: so many bytes have been used up, as many more may be sent.
        case credit = 19
        // Guest to host.
        case hello = 32
        case started = 33
        case output = 34
        case errorOutput = 35
        case exit = 36
        case pong = 37
        case failure = 38
        case open = 39
    }

    package var stream: UInt32
    package var kind: Kind
    package var payload: [UInt8]

    package init(_ kind: Kind, stream: UInt32 = 0, payload: [UInt8] = []) {
        self.stream = stream
        self.kind = kind
        self.payload = payload
    }

    package static let headerSize = 9
    package static let maximumPayload = 64 << 10
    /// What may be on the way of one stream without credit.
    package static let window = 256 << 10
    package static let workerStream: UInt32 = 1
    package static let firstConnection: UInt32 = 0x8000_0000
    /// The version that `hello` carries.
    package static let version: UInt8 = 1

    package var bytes: [UInt8] {
        var bytes = LittleEndian.bytes(UInt32(payload.count)) + LittleEndian.bytes(stream)
        bytes.reserveCapacity(Self.headerSize + payload.count)
        bytes.append(kind.rawValue)
        bytes += payload
        return bytes
    }
}

package enum LittleEndian {
    package static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    /// The number in the first bytes of `bytes`, nil where there are too few.
    package static func number<Number: FixedWidthInteger>(_ bytes: some Collection<UInt8>) -> Number? {
        let size = Number.bitWidth / 8
        guard bytes.count >= size else { return nil }
        return bytes.prefix(size).reversed().reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }
}

/// A guest that does not keep to the protocol.
///
/// It is not trusted: the sandbox is ended.
package enum GuestProtocolError: PlainlyWorded, Hashable {
    case tooLong(UInt32)
    case unknownKind(UInt8)
    /// A frame that only the host sends, or one in a state that knows no such frame.
    case unexpected(GuestFrame.Kind)
    case malformed(GuestFrame.Kind)
    case version(UInt8)
    case overWindow(stream: UInt32)
    case tooManyConnections

    package var plainWords: String { "what runs in the sandbox broke the rules of its connection" }
}

/// Cuts a stream of bytes into frames.
package struct GuestFrameDecoder: Sendable {
    private var buffer: [UInt8] = []
    private var offset = 0

    package init() {}

    package mutating func append(_ bytes: some Sequence<UInt8>) {
        if offset > 0 {
            buffer.removeFirst(offset)
            offset = 0
        }
        buffer += bytes
    }

    /// The next whole frame; nil until more bytes have come.
    ///
    /// - Throws: `GuestProtocolError`, before anything of an overlong frame is kept.
    package mutating func next() throws(GuestProtocolError) -> GuestFrame? {
        let rest = buffer[offset...]
        guard let length: UInt32 = LittleEndian.number(rest) else { return nil }
        guard length <= GuestFrame.maximumPayload else { throw .tooLong(length) }
        guard rest.count >= GuestFrame.headerSize else { return nil }
        let code = rest[offset + 8]
        guard let kind = GuestFrame.Kind(rawValue: code) else { throw .unknownKind(code) }
        let end = offset + GuestFrame.headerSize + Int(length)
        guard buffer.count >= end, let stream: UInt32 = LittleEndian.number(rest.dropFirst(4)) else { return nil }
        defer { offset = end }
        return GuestFrame(kind, stream: stream, payload: Array(buffer[(offset + GuestFrame.headerSize)..<end]))
    }
}
