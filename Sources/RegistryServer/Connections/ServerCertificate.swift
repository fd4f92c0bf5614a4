// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import Logging
import NIOSSL
import ServiceLifecycle
import Synchronization
import SystemPackage
import UnixSignals
import WorkerModel

/// The certificate of the server, read again when its files change: whoever renews it need not restart the server.
package final class ServerCertificate: Sendable {
    private struct State {
        var context: NIOSSLContext
        var digests: [Digest]
    }

    let files: TLSFiles
    private let state: Mutex<State>

    /// - Throws: `TLSError`.
    package init(_ files: TLSFiles) throws(TLSError) {
        self.files = files
        state = Mutex(State(context: try files.context(), digests: Self.digests(files)))
    }

    var context: NIOSSLContext { state.withLock { $0.context } }

    /// Takes what the files hold now.
    ///
    /// - Returns: whether that is something new.
    /// - Throws: `TLSError` for files that belong not together, as they do in the middle of a renewal; the certificate
    ///   stays as it was.
    func reload() throws(TLSError) -> Bool {
        let digests = Self.digests(files)
        if state.withLock({ $0.digests == digests }) { return false }
        let context = try files.context()
        state.withLock { $0 = State(context: context, digests: digests) }
        return true
    }

    /// A file that cannot be read counts as changed.
    private static func digests(_ files: TLSFiles) -> [Digest] {
        [files.certificate, files.key].compactMap { try? HostFiles.digest(of: FilePath($0)) }
    }
}

/// Looks whether the certificate was renewed: every minute, and at SIGHUP at once.
///
/// Without a certificate SIGHUP ends nothing either: an operator may send it to every server alike.
struct CertificateWatch: Service {
    let certificate: ServerCertificate?
    let interval: Duration
    let logger: Logger

    func run() async throws {
        let wishes = await UnixSignalsSequence(trapping: .sighup)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in wishes.cancelOnGracefulShutdown() { look() } }
            group.addTask {
                await cancelWhenGracefulShutdown {
                    while !Task.isCancelled {
                        // Cut short by the end.
                        try? await Task.sleep(for: interval)
                        look()
                    }
                }
            }
        }
    }

    private func look() {
        do {
            if try certificate?.reload() == true { logger.info("certificate renewed") }
        } catch { logger.error("certificate not renewed", metadata: ["error.message": "\(error.message)"]) }
    }
}
