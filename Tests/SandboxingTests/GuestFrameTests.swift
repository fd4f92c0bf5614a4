// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Sandboxing
import Testing
import WorkerModel

/// Frames survive every cut of the stream, and a hostile guest gets nowhere with what is not a frame.
struct GuestFrameTests {
    private let frames = [
        GuestFrame(.hello, payload: [1]),
        GuestFrame(.output, stream: 1, payload: Array("two\n".utf8)),
        GuestFrame(.open, stream: GuestFrame.firstConnection, payload: [0, 0]),
        GuestFrame(.data, stream: .max, payload: [UInt8](repeating: 7, count: GuestFrame.maximumPayload)),
        GuestFrame(.pong),
    ]

    @Test(arguments: [1, 2, 8, 9, 10, 4096, 1 << 20])
    func readsFramesHoweverTheStreamIsCut(size: Int) throws {
        let bytes = frames.flatMap(\.bytes)
        var decoder = GuestFrameDecoder()
        var found: [GuestFrame] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            decoder.append(bytes[start..<min(start + size, bytes.count)])
            while let frame = try decoder.next() { found.append(frame) }
        }
        #expect(found == frames)
    }

    @Test func refusesOverlongFrameBeforeItsBytesCome() {
        var decoder = GuestFrameDecoder()
        decoder.append(LittleEndian.bytes(UInt32(GuestFrame.maximumPayload + 1)))
        #expect(throws: GuestProtocolError.tooLong(UInt32(GuestFrame.maximumPayload + 1))) { try decoder.next() }
    }

    @Test(arguments: [0, 10, 20, 40, 255] as [UInt8])
    func refusesUnknownKind(code: UInt8) {
        var decoder = GuestFrameDecoder()
        decoder.append([0, 0, 0, 0, 1, 0, 0, 0, code])
        #expect(throws: GuestProtocolError.unknownKind(code)) { try decoder.next() }
    }

    @Test func startCarriesNoByteThatWouldEndAnEntryEarly() {
        var start = GuestStart(command: ["sh", "a\0b"], environment: [("K", "v")])
        start.listeners = ["127.0.0.1:49134"]
        #expect(String(decoding: start.payload, as: UTF8.self) == "ash\0aab\0eK=v\0c/workspace\0l127.0.0.1:49134\0")
    }
}

struct SandboxExitTests {
    @Test(
        arguments: [
            ([0, 3, 0, 0, 0, 0], SandboxExit.exited(status: 3)), ([1, 9, 0, 0, 0, 0], .signalled(9)),
            ([1, 9, 0, 0, 0, 1], .outOfMemory(limit: .mebibytes(64))), ([0, 0, 0, 0, 0, 1], .exited(status: 0)),
            ([2, 0, 0, 0, 0, 0], nil), ([0, 0, 0, 0, 0], nil), ([0, 0, 0, 0, 0, 2], nil), ([], nil),
        ] as [([UInt8], SandboxExit?)]
    )
    func readsWhatTheGuestSaysOfAnEnd(payload: [UInt8], expected: SandboxExit?) {
        #expect(SandboxExit(guest: payload, memoryLimit: .mebibytes(64)) == expected)
    }
}
