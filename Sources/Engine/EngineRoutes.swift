// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
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

    var webSockets: WebSocketRoutes {
        WebSocketRoutes(
            handshake: listener.handshake ?? limits.handshake,
            refusal: { head in refusal(head) },
            endpoint: { head, channel in endpoint(head, channel) }
        )
    }

    private func refusal(_ head: HTTPRequestHead) -> HTTPResponseStatus? {
        if let origin = head.headers.first(name: "origin"), !isTrusted(origin) { return .forbidden }
        switch Self.path(of: head) {
        case "/", "/otel": return nil
        default: return find(head) == nil ? .notFound : nil
        }
    }

    /// Whether a page of an origin may connect.
    ///
    /// Only browsers send an origin, and they let any page on the web connect to this machine: without this, every page
    /// that its user visits could call every function.
    private func isTrusted(_ origin: String) -> Bool {
        if allowedOrigins.contains(origin) { return true }
        guard let scheme = ["http://", "https://"].first(where: { origin.hasPrefix($0) }) else { return false }
        let authority = origin.dropFirst(scheme.count)
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return IPAddress.isLoopback(host: host)
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
        switch Self.path(of: head) {
        case "/":
            let endpoint = SessionEndpoint(
                switchboard: switchboard,
                visitor: visitor(head, channel),
                door: listener.door,
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
