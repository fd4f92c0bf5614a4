// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import Hummingbird
import NIOCore
import ServiceLifecycle
import SystemPackage
import UnixSignals

extension RegistryServer {
    /// How long requests that are being answered may take after the server was told to stop.
    private static let drain = Duration.seconds(22)
    /// How long what is left may take to notice that it was cancelled, before the process ends.
    private static let cancellation = Duration.seconds(6)

    /// Serves until SIGTERM or SIGINT, then answers what it was asked and returns, within 30 seconds.
    ///
    /// - Throws: `ListenError` where it cannot listen at `address`.
    package func run(
        at address: ListenAddress,
        onListening: @escaping @Sendable (_ port: Int) async -> Void
    ) async throws {
        var configuration = ServiceGroupConfiguration(
            services: [
                LogFlush(log: log), companion(), collector(),
                CertificateWatch(certificate: certificate, interval: .seconds(60), logger: logger),
                application(at: address, onListening: onListening),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        configuration.maximumGracefulShutdownDuration = Self.drain
        configuration.maximumCancellationDuration = Self.cancellation
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as IOError {
            throw ListenError(address: address, reason: Errno(rawValue: error.errnoCode).description.lowercased())
        } catch let error as SocketAddressError {
            throw ListenError(address: address, reason: "\(error)")
        }
    }
}

/// That the server cannot listen where it was told to.
///
/// W163.
package struct ListenError: CodedError {
    package let address: ListenAddress
    let reason: String

    package var code: ErrorCode { .engineAddress }
    package var message: String { "cannot listen at `\(address)`: \(reason.printable)" }
    package var hints: [String] {
        ["is another server there? choose another address with `--listen`, or port 0 for a free one"]
    }
}
