// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import NIOCore
import TestSupport
import Testing

@Suite struct WebSocketCodecTests {
    private typealias Event = WebSocketDecoder.Event

    /// All events of some bytes, given to the decoder in pieces.
    private func events(
        of bytes: [UInt8],
        piece: Int = .max,
        role: WebSocketDecoder.Role = .server,
        limit: Int = 1 << 20
    ) throws(WebSocketFault) -> [WebSocketDecoder.Event] {
        var decoder = WebSocketDecoder(role: role, messageBytes: limit)
        var events: [Event] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            var input = ByteBuffer(bytes: rest.prefix(piece))
            rest = rest.dropFirst(piece)
            while let event = try decoder.next(from: &input) { events.append(event) }
        }
        return events
    }

    /// A client's frame, masked with 1, 2, 3, 4.
    private func frame(_ first: UInt8, _ content: [UInt8]) -> [UInt8] {
        var bytes = [first]
        switch content.count {
        case ...125: bytes.append(0x80 | UInt8(content.count))
        case ...0xFFFF: bytes += [0xFE, UInt8(content.count >> 8), UInt8(content.count & 0xFF)]
        default: bytes += [0xFF, 0, 0, 0, 0] + (0..<4).map { UInt8(content.count >> (24 - 8 * $0) & 0xFF) }
        }
        return bytes + [1, 2, 3, 4] + content.enumerated().map { $0.element ^ UInt8($0.offset % 4 + 1) }
    }

    @Test(arguments: [1, 2, 3, 5, 7, 64, 1 << 20]) func readsMessagesHoweverTheyAreCut(piece: Int) throws {
        let long = Array("0123456789".utf8) + Array(repeating: UInt8(ascii: "x"), count: 300)
        let longer = Array(repeating: UInt8(ascii: "y"), count: 70_000)
        let bytes =
            frame(0x81, Array("hello".utf8)) + frame(0x82, long) + frame(0x81, []) + frame(0x89, [1, 2])
            + frame(0x8A, []) + frame(0x81, longer) + frame(0x88, [0x03, 0xE8])
        let expected: [Event] = [
            .text(ByteBuffer(string: "hello")), .binary(ByteBuffer(bytes: long)), .text(ByteBuffer()),
            .ping(ByteBuffer(bytes: [1, 2])), .pong(ByteBuffer()), .text(ByteBuffer(bytes: longer)), .close(.normal),
        ]
        #expect(try events(of: bytes, piece: piece) == expected)
    }

    @Test(arguments: [1, 4, 1 << 20]) func putsFragmentsTogetherAroundControlFrames(piece: Int) throws {
        let bytes =
            frame(0x01, Array("abc".utf8)) + frame(0x89, []) + frame(0x00, []) + frame(0x00, Array("defgh".utf8))
            + frame(0x80, Array("i".utf8))
        #expect(
            try events(of: bytes, piece: piece) == [.ping(ByteBuffer()), .text(ByteBuffer(string: "abcdefghi"))]
        )
    }

    @Test(
        arguments: [
            ("reserved bits", [0xC1, 0x80, 0, 0, 0, 0], .reservedBits),
            ("unknown opcode", [0x83, 0x80, 0, 0, 0, 0], .unknownOpcode(3)),
            ("not masked", [0x81, 0x00], .wrongMasking),
            ("long ping", [0x89, 0xFE, 0, 126], .badControlFrame),
            ("fragmented ping", [0x09, 0x80, 0, 0, 0, 0], .badControlFrame),
            ("continuation of nothing", [0x80, 0x80, 0, 0, 0, 0], .unexpectedContinuation),
            ("message in a message", [0x01, 0x80, 0, 0, 0, 0, 0x81, 0x80, 0, 0, 0, 0], .messageInsideMessage),
            ("close of one byte", [0x88, 0x81, 0, 0, 0, 0, 3], .badClose),
            ("close with a code that is never sent", [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xEE], .badClose),
            ("length above the limit", [0x81, 0xFE, 0x10, 0x01, 0, 0, 0, 0], .tooLarge(limit: 4096)),
            ("length above Int", [0x81, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0], .tooLarge(limit: 4096)),
            (
                "fragments above the limit",
                [0x01, 0x81, 0, 0, 0, 0, 65, 0x80, 0xFE, 0x10, 0x00, 0, 0, 0, 0], .tooLarge(limit: 4096)
            ),
        ] as [(String, [UInt8], WebSocketFault)]
    )
    func refusesWhatTheProtocolForbids(name: String, bytes: [UInt8], fault: WebSocketFault) {
        for piece in [1, 100] {
            #expect(throws: fault, "\(name)") { try events(of: bytes, piece: piece, limit: 4096) }
        }
    }

    @Test func aPromisedLengthCostsNothing() throws {
        var decoder = WebSocketDecoder(role: .server, messageBytes: 64 << 20)
        var input = ByteBuffer(bytes: [0x81, 0xFF, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0, 0, 0, 65])
        #expect(try decoder.next(from: &input) == nil)
        #expect(input.readableBytes == 0)
    }

    @Test(arguments: [0, 1, 7, 125, 126, 65_535, 65_536, 100_001]) func readsWhatItWrites(size: Int) throws {
        let content = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0) })
        var masked = ByteBuffer(bytes: [])
        WebSocketEncoder(mask: { 0xA1B2_C3D4 }).write(.binary, content, to: &masked)
        #expect(try events(of: Array(masked.readableBytesView), piece: 1000) == [.binary(content)])
        var plain = ByteBuffer()
        WebSocketEncoder(mask: nil).write(.text, content, to: &plain)
        #expect(try events(of: Array(plain.readableBytesView), role: .client) == [.text(content)])
        for encoder in [WebSocketEncoder(mask: nil), WebSocketEncoder(mask: { 0xA1B2_C3D4 })] {
            var whole = ByteBuffer()
            encoder.write(.text, content, to: &whole)
            #expect(encoder.buffers(.text, content).reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) } == whole)
        }
    }

    @Test func cutsLargeMessages() throws {
        let content = ByteBuffer(repeating: 0x61, count: WebSocketEncoder.largestFrame + 1)
        var output = ByteBuffer()
        WebSocketEncoder(mask: nil).write(.text, content, to: &output)
        #expect(output.getInteger(at: 0, as: UInt8.self) == 0x01)
        let pieces = WebSocketEncoder(mask: nil).buffers(.text, content)
        #expect(pieces.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) } == output)
        var decoder = WebSocketDecoder(role: .client, messageBytes: 64 << 20)
        #expect(try decoder.next(from: &output) == .text(content))
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64]) func survivesNoise(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<400 {
            var decoder = WebSocketDecoder(role: .server, messageBytes: 4096)
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let content = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                bytes += frame(
                    [0x81, 0x01, 0x80, 0x00, 0x82, 0x89, 0x8A, 0x88].randomElement(using: &random) ?? 0,
                    content
                )
            }
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            var input = ByteBuffer(bytes: bytes)
            var taken = 0
            while let event = try? decoder.next(from: &input) {
                if case .text(let text) = event { taken = max(taken, text.readableBytes) }
                if case .binary(let data) = event { taken = max(taken, data.readableBytes) }
            }
            #expect(taken <= 4096)
        }
    }
}
