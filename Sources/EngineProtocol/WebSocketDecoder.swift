// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import NIOCore

/// Bytes of a WebSocket in, messages out.
///
/// Memory grows with what has come, never with what a header promises; a message is put together from its fragments up to
/// `messageBytes`.
package struct WebSocketDecoder: Sendable {
    /// Which end of the connection reads: clients mask what they send, servers do not.
    package enum Role: Sendable {
        case server
        case client
    }

    package enum Event: Sendable, Hashable {
        case text(ByteBuffer)
        case binary(ByteBuffer)
        case ping(ByteBuffer)
        case pong(ByteBuffer)
        case close(WebSocketCloseCode?)
    }

    fileprivate struct Header {
        var isFinal: Bool
        var opcode: WebSocketOpcode
        var length: Int
        /// Zero where nothing is masked.
        var mask: UInt32
    }

    fileprivate struct Payload {
        var header: Header
        var received = 0
        var content = ByteBuffer()
    }

    private let role: Role
    private let messageBytes: Int
    /// Messages are counted and thrown away.
    private let discardsMessages: Bool
    /// A header that has not come whole, at most 13 bytes.
    private var partialHeader = ByteBuffer()
    private var payload: Payload?
    /// The fragments of a message that has begun.
    private var message: (opcode: WebSocketOpcode, content: ByteBuffer, received: Int)?

    /// What is kept of messages that are not whole yet.
    package var heldBytes: Int {
        (message?.content.readableBytes ?? 0) + (payload?.content.readableBytes ?? 0)
    }

    package init(role: Role, messageBytes: Int, discardsMessages: Bool = false) {
        self.role = role
        self.messageBytes = messageBytes
        self.discardsMessages = discardsMessages
    }

    /// Takes bytes from `input` until an event is whole; nil once all of them are taken.
    ///
    /// - Throws: `WebSocketFault`; nothing may be read after that.
    package mutating func next(from input: inout ByteBuffer) throws(WebSocketFault) -> Event? {
        while true {
            if payload == nil {
                guard let header = try readHeader(from: &input) else { return nil }
                payload = Payload(header: header)
            }
            guard let finished = readPayload(from: &input) else { return nil }
            if let event = try event(of: finished) { return event }
        }
    }

    // MARK: Headers

    private mutating func readHeader(from input: inout ByteBuffer) throws(WebSocketFault) -> Header? {
        if partialHeader.readableBytes == 0, let header = try parseHeader(&input) { return header }
        while let byte = input.readInteger(as: UInt8.self) {
            partialHeader.writeInteger(byte)
            guard let header = try parseHeader(&partialHeader) else { continue }
            partialHeader = ByteBuffer()
            return header
        }
        return nil
    }

    /// Takes one header, or nothing where it is not whole.
    private func parseHeader(_ input: inout ByteBuffer) throws(WebSocketFault) -> Header? {
        let start = input.readerIndex
        guard let first = input.getInteger(at: start, as: UInt8.self),
            let second = input.getInteger(at: start + 1, as: UInt8.self)
        else { return nil }
        guard first & 0x70 == 0 else { throw .reservedBits }
        guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else { throw .unknownOpcode(first & 0x0F) }
        let isMasked = second & 0x80 != 0
        guard isMasked == (role == .server) else { throw .wrongMasking }
        let isFinal = first & 0x80 != 0
        guard !opcode.isControl || (isFinal && second & 0x7F <= 125) else { throw .badControlFrame }
        guard let (length, lengthSize) = try parseLength(second & 0x7F, at: start + 2, in: input) else { return nil }
        var header = Header(isFinal: isFinal, opcode: opcode, length: length, mask: 0)
        var size = 2 + lengthSize
        if isMasked {
            guard let mask = input.getInteger(at: start + size, as: UInt32.self) else { return nil }
            header.mask = mask
            size += 4
        }
        try checkOrder(of: header)
        input.moveReaderIndex(forwardBy: size)
        return header
    }

    private func parseLength(
        _ short: UInt8,
        at index: Int,
        in input: ByteBuffer
    ) throws(WebSocketFault) -> (length: Int, size: Int)? {
        switch short {
        case 126: return input.getInteger(at: index, as: UInt16.self).map { (Int($0), 2) }
        case 127:
            guard let length = input.getInteger(at: index, as: UInt64.self) else { return nil }
            guard let length = Int(exactly: length) else { throw .tooLarge(limit: messageBytes) }
            return (length, 8)
        default: return (Int(short), 0)
        }
    }

    private func checkOrder(of header: Header) throws(WebSocketFault) {
        switch header.opcode {
        case .continuation where message == nil: throw .unexpectedContinuation
        case .text where message != nil, .binary where message != nil: throw .messageInsideMessage
        default: break
        }
        guard !header.opcode.isControl else { return }
        guard header.length <= messageBytes - (message?.received ?? 0) else { throw .tooLarge(limit: messageBytes) }
    }

    // MARK: Payloads

    /// Takes what there is of the payload; the frame, once it is whole.
    private mutating func readPayload(from input: inout ByteBuffer) -> Payload? {
        guard var payload else { return nil }
        self.payload = nil
        let count = min(payload.header.length - payload.received, input.readableBytes)
        if discardsMessages, !payload.header.opcode.isControl {
            input.moveReaderIndex(forwardBy: count)
        } else if let part = input.readSlice(length: count) {
            payload.append(part)
        }
        payload.received += count
        if payload.received == payload.header.length { return payload }
        self.payload = payload
        return nil
    }

    private mutating func event(of frame: Payload) throws(WebSocketFault) -> Event? {
        switch frame.header.opcode {
        case .ping: return .ping(frame.content)
        case .pong: return .pong(frame.content)
        case .close: return .close(try closeCode(in: frame.content))
        case .text, .binary:
            if frame.header.isFinal { return Self.message(frame.header.opcode, frame.content) }
            message = (frame.header.opcode, frame.content, frame.received)
            return nil
        case .continuation:
            guard var whole = message else { throw .unexpectedContinuation }
            // Held once only, the content grows in place.
            message = nil
            whole.content.writeImmutableBuffer(frame.content)
            whole.received += frame.received
            if frame.header.isFinal { return Self.message(whole.opcode, whole.content) }
            message = whole
            return nil
        }
    }

    private static func message(_ opcode: WebSocketOpcode, _ content: ByteBuffer) -> Event {
        opcode == .text ? .text(content) : .binary(content)
    }

    private func closeCode(in content: ByteBuffer) throws(WebSocketFault) -> WebSocketCloseCode? {
        if content.readableBytes == 0 { return nil }
        guard let raw = content.getInteger(at: content.readerIndex, as: UInt16.self) else { throw .badClose }
        let code = WebSocketCloseCode(rawValue: raw)
        guard code.isSendable else { throw .badClose }
        return code
    }
}

extension WebSocketDecoder.Payload {
    /// Appends masked bytes in the clear.
    ///
    /// The copy lets go of the network's read buffer, which may be much larger than the message.
    fileprivate mutating func append(_ part: ByteBuffer) {
        guard part.readableBytes > 0 else { return }
        let start = content.readableBytes
        if start == 0 { content.reserveCapacity(part.readableBytes) }
        content.writeImmutableBuffer(part)
        if header.mask != 0 { content.webSocketMask(header.mask, from: start, offset: received) }
    }
}
