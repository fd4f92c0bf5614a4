// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import NIOCore
import WebSockets

/// A worker's connection: messages become events of the hub.
final class SessionEndpoint: WebSocketEndpoint {
    private let switchboard: Switchboard
    private let visitor: Visitor
    private let door: Door
    private let identity: BusIdentity
    private let limits: ProtocolLimits
    private var id: ConnectionID?

    init(switchboard: Switchboard, visitor: Visitor, door: Door, identity: BusIdentity, limits: ProtocolLimits) {
        self.switchboard = switchboard
        self.visitor = visitor
        self.door = door
        self.identity = identity
        self.limits = limits
    }

    func opened(_ link: WebSocketLink) { id = switchboard.connect(link, visitor, door, identity) }

    func received(text: ByteBuffer) { receive(text) }

    /// Telemetry of older workers is thrown away; everything else is read as text.
    func received(binary: ByteBuffer) {
        let kinds = ["OTLP", "MTRC", "LOGS"]
        if let kind = binary.getString(at: binary.readerIndex, length: 4), kinds.contains(kind) { return }
        receive(binary)
    }

    func written(messages: Int, cost: Int) {
        if let id { switchboard.receive(.written(id, cost: cost)) }
    }

    func closed(_ code: WebSocketCloseCode?) {
        if let id { switchboard.disconnect(id) }
        id = nil
    }

    private func receive(_ text: ByteBuffer) {
        guard let id, !text.isBlank else { return }
        let event: Hub.Event
        do throws(FrameFault) {
            event = .frame(id, try Frame(decoding: text, limits: limits))
        } catch { event = .fault(id, error) }
        switchboard.receive(event)
    }
}

/// A connection for telemetry: accepted, thrown away.
final class TelemetryEndpoint: WebSocketEndpoint {
    func opened(_ link: WebSocketLink) {}
    func received(text: ByteBuffer) {}
    func received(binary: ByteBuffer) {}
    func closed(_ code: WebSocketCloseCode?) {}
}

extension ByteBuffer {
    fileprivate var isBlank: Bool {
        readableBytesView.allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
    }
}
