// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import EngineProtocol
package import NIOCore

/// A message on its way out.
package enum OutboundMessage: Sendable {
    /// Becomes text when its turn comes, on the loop of whom it goes to.
    case frame(Frame)
    case text(ByteBuffer)
    case binary(ByteBuffer)

    /// About how many bytes it has.
    package var cost: Int {
        switch self {
        case .frame(let frame): frame.cost
        case .text(let content), .binary(let content): content.readableBytes + 16
        }
    }

    /// From this cost on, copying a message costs more than sending it in pieces.
    private static let large = 64 << 10

    var isLarge: Bool { cost > Self.large }

    /// The message as buffers to be sent one after the other.
    func buffers(with encoder: WebSocketEncoder) -> [ByteBuffer] {
        switch self {
        case .frame(let frame): encoder.buffers(.text, frame.encoded())
        case .text(let content): encoder.buffers(.text, content)
        case .binary(let content): encoder.buffers(.binary, content)
        }
    }

    func write(to output: inout ByteBuffer, with encoder: WebSocketEncoder) {
        switch self {
        case .frame(let frame): encoder.write(.text, frame.encoded(), to: &output)
        case .text(let content): encoder.write(.text, content, to: &output)
        case .binary(let content): encoder.write(.binary, content, to: &output)
        }
    }
}
