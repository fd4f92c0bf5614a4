// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import HostSystem
import NIOCore
import NIOHTTP1
import Transport
import WebSockets

/// What the engine has at each path.
struct EngineRoutes: Sendable {
    let switchboard: Switchboard
    let limits: EngineLimits
    let allowedOrigins: Set<String>
    let listener: ListenerConfiguration
    let bus: BusControl
    /// The worker whose sandbox the connection comes from; nil for what comes by the network.
    var worker: StartedWorker?

    var webSockets: WebSocketRoutes {
        WebSocketRoutes(
            handshake: listener.handshake ?? limits.handshake,
            refusal: { head, channel in refusal(head, channel) },
            endpoint: { head, channel in endpoint(head, channel) }
        )
    }

    private func refusal(_ head: HTTPRequestHead, _ channel: any Channel) -> HTTPResponseStatus? {
        guard worker != nil || WebOrigin.isWelcome(head.headers, to: channel.localAddress?.ipAddress, allowedOrigins)
        else { return .forbidden }
        if let token = listener.token, !isFromThisMachine(channel), head.bearerToken != token { return .unauthorized }
        if let worker, bus.budgets.budget(of: .worker(worker))?.hasRoom(for: WorkerBudgets.connection) == false {
            return .serviceUnavailable
        }
        switch Self.path(of: head) {
        case "/", "/otel": return nil
        default: return find(head) == nil ? .notFound : nil
        }
    }

    // MARK: Who it is

    /// Who is at the other end, by how the connection came.
    private func identity(_ head: HTTPRequestHead, _ channel: any Channel) -> BusIdentity {
        if let worker { return .worker(worker) }
        if let worker = head.bearerToken.flatMap(bus.worker(with:)) { return .worker(worker) }
        guard let peer = channel.remoteAddress, let own = channel.localAddress, isFromThisMachine(channel) else {
            return listener.door.rules == nil ? .network : .guest
        }
        if let host = peer.ipAddress, let worker = bus.worker(from: "\(host):\(peer.port ?? 0)") {
            return .worker(worker)
        }
        if listener.door.rules != nil { return .guest }
        guard let near = own.endpoint, let far = peer.endpoint else { return .stranger }
        return ConnectionOwner(peer: far, own: near) == .ownUser ? .owner : .stranger
    }

    private func isFromThisMachine(_ channel: any Channel) -> Bool {
        if worker != nil { return true }
        guard let peer = channel.remoteAddress?.ipAddress else { return false }
        return IPAddress.isLoopback(host: peer) || peer == channel.localAddress?.ipAddress
    }

    private static func path(of head: HTTPRequestHead) -> Substring { head.uri.prefix { $0 != "?" } }

    private func find(_ head: HTTPRequestHead) -> (RelayChannel, ChannelBoard.Direction)? {
        switchboard.channels.find(head.uri)
    }

    /// Headers and query are kept for authentication only.
    private func visitor(_ head: HTTPRequestHead, _ channel: any Channel) -> Visitor {
        var visitor = Visitor(address: channel.remoteAddress?.ipAddress)
        guard listener.door.rules?.authentication != nil else { return visitor }
        visitor.headers = head.headers.map { ($0.name.lowercased(), $0.value) }
        visitor.query = Visitor.query(of: head.uri)
        return visitor
    }

    private func endpoint(
        _ head: HTTPRequestHead,
        _ channel: any Channel
    ) -> (any WebSocketEndpoint, WebSocketSettings) {
        var settings = WebSocketSettings(
            messageBytes: limits.messages.messageBytes,
            pingAfter: limits.pingAfter,
            pongWithin: limits.pongWithin,
            pauseReadingAbove: limits.pauseReadingAbove
        )
        if let worker { settings.budget = bus.budgets.budget(of: .worker(worker)) }
        switch Self.path(of: head) {
        case "/":
            let endpoint = SessionEndpoint(
                switchboard: switchboard,
                visitor: visitor(head, channel),
                door: listener.door,
                identity: identity(head, channel),
                limits: limits.messages
            )
            return (endpoint, settings)
        case "/otel":
            settings.discardsMessages = true
            return (TelemetryEndpoint(), settings)
        default:
            // It was there when the upgrade was allowed; if it went since, the connection is closed as one taken twice.
            guard let (relay, direction) = find(head) else { return (GoneEndpoint(), settings) }
            settings.messageBytes = min(settings.messageBytes, limits.channelBytes)
            return (
                ChannelEndpoint(board: switchboard.channels, channel: relay, direction: direction), settings
            )
        }
    }
}

/// A connection to something that went while it was opened.
private final class GoneEndpoint: WebSocketEndpoint {
    func opened(_ link: WebSocketLink) { link.close(.goingAway) }
    func received(text: ByteBuffer) {}
    func received(binary: ByteBuffer) {}
    func closed(_ code: WebSocketCloseCode?) {}
}

extension HTTPRequestHead {
    /// What `Authorization: Bearer` holds.
    fileprivate var bearerToken: String? {
        guard let value = headers.first(name: "authorization"), value.lowercased().hasPrefix("bearer ") else {
            return nil
        }
        return String(value.dropFirst("bearer ".count))
    }
}

extension SocketAddress {
    /// The bytes of an IP address, and its port.
    fileprivate var endpoint: (address: [UInt8], port: UInt16)? {
        guard let port = port.flatMap({ UInt16(exactly: $0) }), let text = ipAddress else { return nil }
        // Without the zone of an IPv6 address, which says nothing about whose it is.
        switch IPAddress(text.prefix { $0 != "%" }) {
        case .v4(let value): return (Self.bytes(of: value), port)
        case .v6(let high, let low): return (Self.bytes(of: high) + Self.bytes(of: low), port)
        case nil: return nil
        }
    }

    private static func bytes(of number: some FixedWidthInteger) -> [UInt8] {
        stride(from: number.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
