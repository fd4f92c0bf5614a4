// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import NIOCore
import NIOHTTP1
import WebSockets

/// What the engine has at each path.
struct EngineRoutes: Sendable {
    let switchboard: Switchboard
    let limits: EngineLimits

    var webSockets: WebSocketRoutes {
        WebSocketRoutes(
            handshake: limits.handshake,
            accepts: { head in Self.path(of: head) == "/" || Self.path(of: head) == "/otel" || find(head) != nil },
            endpoint: { head, channel in endpoint(head, channel) }
        )
    }

    private static func path(of head: HTTPRequestHead) -> Substring { head.uri.prefix { $0 != "?" } }

    private func find(_ head: HTTPRequestHead) -> (RelayChannel, ChannelBoard.Direction)? {
        switchboard.channels.find(head.uri)
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
                address: channel.remoteAddress?.ipAddress,
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
