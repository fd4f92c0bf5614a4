// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import NIOCore
import NIOPosix
import NIOSSL
import Transport

/// The certificates of a server that was refused, as far as they tell why.
///
/// The library says only that they were.
struct ShownCertificates: Sendable {
    private struct Span {
        let begins: Moment
        let ends: Moment
    }

    private let spans: [Span]
    private let signature: CertificateSignature?

    init(_ chain: [NIOSSLCertificate]) {
        spans = chain.map { certificate in
            Span(
                begins: Moment(milliseconds: Int64(certificate.notValidBefore) * 1000),
                ends: Moment(milliseconds: Int64(certificate.notValidAfter) * 1000)
            )
        }
        signature = chain.last.flatMap { try? $0.toDERBytes() }.flatMap { CertificateSignature(der: $0) }
        isAlone = chain.count == 1
    }

    private let isAlone: Bool

    /// Why they are refused at a moment by who does not doubt their name.
    func trouble(at now: Moment) -> Insecurity {
        if let span = spans.first(where: { $0.ends < now }) { return .expired(on: span.ends.day) }
        if let span = spans.first(where: { now < $0.begins }) { return .notYetValid(until: span.begins.day) }
        guard let signature else { return .untrusted }
        if signature.isOwn, isAlone { return .signedByItself }
        return signature.authority.map { .unknownAuthority($0) } ?? .untrusted
    }

    /// Begins a connection to an address to be shown the certificates, and ends it before anything is sent or believed.
    ///
    /// Nil where none are shown in time.
    static func shown(
        at address: IPAddress,
        of url: RemoteURL,
        within limit: Duration,
        _ tls: TLSConfiguration?
    ) async -> ShownCertificates? {
        guard let context = try? NIOSSLContext(configuration: tls ?? .makeClientConfiguration()) else { return nil }
        let name: String? = if case .name(let name) = url.host { name } else { nil }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let shown = loop.makePromise(of: ShownCertificates?.self)
        let timer = loop.scheduleTask(in: TimeAmount(limit)) { shown.succeed(nil) }
        defer { timer.cancel() }
        do {
            let channel = try await ClientBootstrap(group: loop)
                .connectTimeout(TimeAmount(limit))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = try NIOSSLClientHandler(
                            context: context,
                            serverHostname: name,
                            customVerificationCallback: { chain, verdict in
                                shown.succeed(ShownCertificates(chain))
                                verdict.succeed(.failed)
                            }
                        )
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                }
                .connect(host: address.description, port: Int(url.origin.port)).get()
            channel.closeFuture.whenComplete { _ in shown.succeed(nil) }
            let certificates = try await shown.futureResult.get()
            channel.close(promise: nil)
            return certificates
        } catch {
            // Whoever asks has an error of his own to tell.
            shown.succeed(nil)
            return nil
        }
    }
}

extension Moment {
    /// `2026-08-01`.
    fileprivate var day: String { String(description.prefix(10)) }
}
