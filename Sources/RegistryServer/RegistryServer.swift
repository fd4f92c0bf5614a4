// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import RegistryAPI
package import RegistryService
package import ServiceLifecycle
import WorkerModel

/// The registry over HTTP.
package struct RegistryServer: Sendable {
    package let service: RegistryService
    package let limits: ServerLimits
    package let log: LogOutput
    package var logger: Logger { log.logger }
    /// What the server counts of itself.
    package let metrics = ServerMetrics()
    let connections: ConnectionTable
    let certificate: ServerCertificate?
    let showsMetrics: Bool
    /// Whether ready answers are given before the framework sees a request; tests compare both.
    var hasFront = true
    private let proxies: TrustedProxies

    /// - Throws: `TLSError` for a certificate that cannot be used.
    package init(service: RegistryService, settings: RegistrySettings, log: LogOutput) throws(TLSError) {
        self.service = service
        self.log = log
        limits = settings.limits
        proxies = settings.trustedProxies
        showsMetrics = settings.showsMetrics
        certificate = if let files = settings.tls { try ServerCertificate(files) } else { nil }
        connections = ConnectionTable(limits: settings.limits, proxies: settings.trustedProxies)
    }

    /// The server as a service that runs until it is told to stop, and then answers what it was asked.
    ///
    /// `onListening` is called with the port before the first request is answered.
    package func application(
        at address: ListenAddress,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        Application(
            responder: router().buildResponder(),
            server: HTTPServerBuilder { responder in channel(responder) },
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port),
                serverName: nil,
                backlog: 1024
            ),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? address.port) },
            logger: logger
        )
    }

    /// What runs beside the server for as long as it does.
    ///
    /// In a group it comes before the server, so that it ends after the last request.
    package func companion(every interval: Duration = .seconds(2)) -> some Service {
        DownloadFlush(counter: service.downloads, interval: interval, logger: logger)
    }

    /// Deletes blobs that nobody needs, for as long as the server runs.
    package func collector(every interval: Duration = .seconds(3600)) -> some Service {
        BlobCollection(collect: service.collect, interval: interval, logger: logger)
    }

    func router() -> Router<RegistryContext> {
        let router = Router(context: RegistryContext.self)
        router.addMiddleware {
            ClientAddress(proxies: proxies)
            RequestLog(log: log)
            RequestMetrics(metrics: metrics)
            CrossOrigin()
            EarlyAnswers(limits: limits)
            ErrorMiddleware()
            StreamSafeRequests()
            QuestionLimit(
                rate: RequestRate(perMinute: limits.questionsPerMinute),
                surroundings: service.surroundings
            )
        }
        BlobRoutes(service: service, limits: limits).add(to: router)
        UploadRoutes(service: service, limits: limits).add(to: router)
        ImageRoutes(service: service, limits: limits).add(to: router)
        PublishRoutes(service: service, limits: limits).add(to: router)
        ResolveRoutes(service: service, limits: limits).add(to: router)
        WorkerRoutes(service: service).add(to: router)
        KeyRoutes(service: service, limits: limits).add(to: router)
        OwnerRoutes(service: service, limits: limits).add(to: router)
        ListRoutes(service: service, limits: limits).add(to: router)
        SkillRoutes(service: service, limits: limits).add(to: router)
        ChannelRoutes(service: service, limits: limits).add(to: router)
        VersionRoutes(service: service, limits: limits).add(to: router)
        RecordRoutes(service: service, limits: limits).add(to: router)
        PageRoutes(service: service).add(to: router)
        ProgramRoutes(programs: service.programs).add(to: router)
        ServerRoutes(server: self).add(to: router)
        for path in CrossOrigin.paths {
            router.on(path, method: .options) { _, _ in
                Response(status: .noContent, headers: CrossOrigin.preflightHeaders)
            }
        }
        addRefusals(to: router)
        return router
    }

    /// Methods that no route has.
    private static let foreignMethods = [HTTPRequest.Method.trace, HTTPRequest.Method("QUERY")].compactMap(\.self)

    /// Answers a method that no route has with 405 and those that there are.
    ///
    /// What has routes elsewhere and not here is not found, as clients know it.
    private func addRefusals(to router: Router<RegistryContext>) {
        var allowed: [String: [String]] = [:]
        for route in router.routes { allowed[route.path.description, default: []].append(route.method.rawValue) }
        for (path, methods) in allowed {
            let list = methods.sorted().joined(separator: ", ")
            for method in Self.foreignMethods {
                router.on(RouterPath(path), method: method) { _, context in
                    let words = "nothing here answers to \(method.rawValue)"
                    var refusal = ErrorResponse(.methodNotAllowed, words, fix: "use one of \(list)")
                    refusal.headers[.allow] = list
                    return refusal.response(requestID: context.id)
                }
            }
        }
    }

    /// What a new connection goes through: TLS where there is a certificate, the front, HTTP, the router.
    private func channel(_ responder: @escaping HTTPChannelHandler.Responder) -> any ServerChildChannel {
        let settings = FrontSettings(
            service: service,
            limits: limits,
            isSecure: certificate != nil,
            readsRequests: hasFront,
            connections: connections,
            proxies: proxies,
            counters: metrics.front,
            log: log
        )
        let http = FrontedChannel(responder: responder, settings)
        guard let certificate else { return http }
        return SecuredChannel(base: http, certificate: certificate)
    }
}
