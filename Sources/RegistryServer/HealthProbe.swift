// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import NIOCore
import NIOPosix
import NIOSSL

/// Asks a server on this machine whether it is ready, as a container engine or a monitor wants to know.
package struct HealthProbe: Sendable {
    private static let patience = TimeAmount.seconds(3)
    private static let question = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    private let address: ListenAddress
    private let isSecure: Bool

    /// - Parameter settings: What the server was started with.
    package init(_ settings: RegistrySettings) {
        let host =
            settings.listen.isWildcard
            ? (settings.listen.host.contains(":") ? "::1" : "127.0.0.1") : settings.listen.host
        address = ListenAddress(host: host, port: settings.listen.port)
        isSecure = settings.tls != nil
    }

    /// Returns when the server has said that it is ready, within three seconds.
    ///
    /// - Throws: `NotReady`.
    package func run() async throws(NotReady) {
        let head: String
        do { head = try await answer() } catch { throw NotReady(address: address, reason: "it does not answer") }
        let status = head.split(separator: " ", maxSplits: 2).dropFirst().first ?? ""
        guard status == "200" else { throw NotReady(address: address, reason: "it answered \(status.printable)") }
    }

    /// The beginning of the answer.
    private func answer() async throws -> String {
        let context = try isSecure ? Self.anyCertificate() : nil
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(Self.patience)
            .connect(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        let handler = try NIOSSLClientHandler(context: context, serverHostname: nil)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: Self.question))
            var head = ByteBuffer()
            for try await piece in inbound {
                head.writeImmutableBuffer(piece)
                if head.readableBytes > 64 { break }
            }
            return String(buffer: head)
        }
    }

    /// The server is this machine's own, whatever its certificate is made for.
    private static func anyCertificate() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        return try NIOSSLContext(configuration: configuration)
    }
}

/// A server that is not ready.
///
/// W143.
package struct NotReady: CodedError {
    package let address: ListenAddress
    let reason: String

    package var code: ErrorCode { .registryUnreachable }
    package var message: String { "the registry at `\(address)` is not ready: \(reason)" }
    package var hints: [String] { ["its log says why; `--listen` names another address"] }
}
