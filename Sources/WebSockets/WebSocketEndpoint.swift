// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import EngineProtocol
package import NIOCore

/// What one end of a WebSocket does with what comes; called on the connection's event loop only.
package protocol WebSocketEndpoint: AnyObject {
    func opened(_ link: WebSocketLink)
    /// A text message; whether it is UTF-8 is for the endpoint to check.
    func received(text: ByteBuffer)
    func received(binary: ByteBuffer)
    /// So many messages, of this cost together, have been given to the network.
    func written(messages: Int, cost: Int)
    /// Whether more is to be read now; if not, `resume` is to be called once it is.
    func mayRead(orElse resume: @escaping @Sendable () -> Void) -> Bool
    /// The connection is gone; nothing comes after this.
    func closed(_ code: WebSocketCloseCode?)
}

extension WebSocketEndpoint {
    package func written(messages: Int, cost: Int) {}
    package func mayRead(orElse resume: @escaping @Sendable () -> Void) -> Bool { true }
}

/// What one WebSocket may cost, and how long its silence is borne.
package struct WebSocketSettings: Sendable {
    package var messageBytes: Int
    /// Silence after which the peer is pinged; nil never pings.
    package var pingAfter: Duration?
    /// Silence after a ping that ends the connection.
    package var pongWithin: Duration
    /// How much may wait to be read by the peer before it is no longer read from.
    package var pauseReadingAbove: Int
    /// Whether messages are thrown away as they come.
    package var discardsMessages: Bool
    /// What messages that are not whole yet are held against; the connection ends where there is no room.
    package var budget: ByteBudget?

    package init(
        messageBytes: Int,
        pingAfter: Duration?,
        pongWithin: Duration = .seconds(40),
        pauseReadingAbove: Int = 16 << 20,
        discardsMessages: Bool = false
    ) {
        self.messageBytes = messageBytes
        self.pingAfter = pingAfter
        self.pongWithin = pongWithin
        self.pauseReadingAbove = pauseReadingAbove
        self.discardsMessages = discardsMessages
    }
}
