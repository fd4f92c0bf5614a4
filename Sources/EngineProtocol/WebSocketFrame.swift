// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What a WebSocket frame carries (RFC 6455 §5.2).
package enum WebSocketOpcode: UInt8, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    package var isControl: Bool { rawValue & 0x8 != 0 }
}

/// Why a WebSocket ends (RFC 6455 §7.4).
package struct WebSocketCloseCode: RawRepresentable, Sendable, Hashable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let normal = WebSocketCloseCode(rawValue: 1000)
    package static let goingAway = WebSocketCloseCode(rawValue: 1001)
    package static let protocolError = WebSocketCloseCode(rawValue: 1002)
    package static let invalidText = WebSocketCloseCode(rawValue: 1007)
    package static let policy = WebSocketCloseCode(rawValue: 1008)
    package static let tooLarge = WebSocketCloseCode(rawValue: 1009)
    package static let tryAgainLater = WebSocketCloseCode(rawValue: 1013)

    /// Whether a close frame may carry it.
    package var isSendable: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

/// What a peer did that the protocol does not allow; the connection cannot go on.
package enum WebSocketFault: Error, Sendable, Hashable {
    case reservedBits
    case unknownOpcode(UInt8)
    case wrongMasking
    case badControlFrame
    case unexpectedContinuation
    case messageInsideMessage
    case badClose
    case tooLarge(limit: Int)

    package var closeCode: WebSocketCloseCode {
        switch self {
        case .tooLarge: .tooLarge
        default: .protocolError
        }
    }
}
