// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Engine
@testable import WebSockets

@Suite struct ChannelBoardTests {
    private let board = ChannelBoard(limits: .standard, group: MultiThreadedEventLoopGroup.singleton)
    private let ticket = ChannelTicket(id: "c", key: "k", capacity: 3)

    private func link() -> WebSocketLink {
        WebSocketLink(eventLoop: MultiThreadedEventLoopGroup.singleton.next()) {}
    }

    private func message(_ text: String) -> OutboundMessage { .text(ByteBuffer(string: text)) }

    private func texts(_ link: WebSocketLink) -> [String] {
        link.take().messages.map { message in
            if case .text(let text) = message { String(buffer: text) } else { "" }
        }
    }

    @Test(arguments: [
        ("/ws/channels/c?key=k&dir=read", true), ("/ws/channels/c?token=x&key=k&dir=write", true),
        ("/ws/channels/c?key=x&dir=read", false), ("/ws/channels/x?key=k&dir=read", false),
        ("/ws/channels/c?key=k", false), ("/ws/channels/c?key=k&dir=both", false), ("/ws/channels/c", false),
        ("/ws/channels/", false), ("/c?key=k&dir=read", false), ("", false), ("?", false),
    ])
    func findsChannelsByIDAndKey(uri: String, isFound: Bool) {
        board.open(ticket)
        #expect((board.find(uri) != nil) == isFound)
    }

    @Test func keepsWhatComesBeforeTheReader() {
        let channel = RelayChannel(ticket, bytes: 1000)
        let reader = link()
        #expect(channel.take(.write, link()))
        channel.relay(message("a"))
        channel.relay(message("b"))
        #expect(channel.take(.read, reader))
        channel.relay(message("c"))
        #expect(texts(reader) == ["a", "b", "c"])
    }

    @Test func eachEndIsTakenOnce() {
        let channel = RelayChannel(ticket, bytes: 1000)
        for direction in [ChannelBoard.Direction.write, .read] {
            #expect(channel.take(direction, link()))
            #expect(!channel.take(direction, link()))
        }
    }

    /// A writer that is faster than its reader is read from again once there is room.
    @Test(arguments: [(3, 1000), (100, 40)]) func aFullChannelHoldsItsWriter(capacity: Int, bytes: Int) {
        let channel = RelayChannel(ChannelTicket(id: "c", key: "k", capacity: capacity), bytes: bytes)
        let resumed = Mutex(0)
        let resume: @Sendable () -> Void = { resumed.withLock { $0 += 1 } }
        for _ in 0..<3 {
            #expect(channel.hasRoom(orElse: resume))
            channel.relay(message("x"))
        }
        #expect(!channel.hasRoom(orElse: resume))
        #expect(resumed.withLock { $0 } == 0)
        #expect(channel.take(.read, link()))
        channel.written(messages: 1, cost: message("x").cost)
        #expect(resumed.withLock { $0 } == 1)
        #expect(channel.hasRoom(orElse: resume))
    }

    @Test func anEndpointAsksItsChannelBeforeItReads() {
        let channel = RelayChannel(ticket, bytes: 1000)
        let writer = ChannelEndpoint(board: board, channel: channel, direction: .write)
        writer.opened(link())
        for _ in 0..<3 { writer.received(text: ByteBuffer(string: "x")) }
        #expect(!writer.mayRead {})
        let reader = ChannelEndpoint(board: board, channel: channel, direction: .read)
        #expect(reader.mayRead {})
    }

    @Test func theReaderHearsOfTheEndAfterAllElse() {
        let channel = RelayChannel(ticket, bytes: 1000)
        let reader = link()
        _ = channel.take(.write, link())
        channel.relay(message("a"))
        #expect(!channel.leave(.write))
        #expect(channel.take(.read, reader))
        let (messages, closing) = reader.take()
        #expect(messages.count == 1)
        #expect(closing == .normal)
        #expect(channel.leave(.read))
    }

    @Test func textThatIsNoneGoesNowhere() {
        let channel = RelayChannel(ticket, bytes: 1000)
        let reader = link()
        _ = channel.take(.read, reader)
        let writer = ChannelEndpoint(board: board, channel: channel, direction: .write)
        writer.opened(link())
        writer.received(text: ByteBuffer(bytes: [0xFF, 0xFE]))
        writer.received(text: ByteBuffer(string: "é"))
        #expect(texts(reader) == ["é"])
    }
}
