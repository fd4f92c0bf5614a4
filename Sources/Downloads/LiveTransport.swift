// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import AsyncHTTPClient
import Diagnostics
import HostSystem
import NIOCore
import NIOHTTP1
package import NIOSSL
import Synchronization
package import Transport
import WorkerModel

/// The real network.
///
/// Safe to use from many tasks at once. `shutDown` has to be called in the end, or `with` used. No thread is started
/// and no file read before the first request.
package final class LiveTransport: Transport {
    package struct Limits: Sendable {
        /// For a connection, TLS included.
        package var connect = Duration.seconds(10)
        /// Between two pieces of an answer, or of a body that is sent.
        package var idle = Duration.seconds(30)
        /// For one request with its whole answer; nil for as long as bytes come.
        package var total: Duration?

        package init() {}
    }

    package struct Configuration: Sendable {
        package var policy: ContactPolicy
        /// Sent as `User-Agent`.
        package var userAgent: String
        package var limits = Limits()
        package var resolver = NameResolver.system
        package var proxies = ProxySettings.none
        /// Nil for the system's trust in certificates.
        package var tls: TLSConfiguration?
        /// Told once for every host that is talked to over plain http: from elsewhere than this machine, or for an artifact.
        package var onPlainHTTP: @Sendable (RemoteURL) -> Void = { _ in }

        package init(policy: ContactPolicy, userAgent: String) {
            self.policy = policy
            self.userAgent = userAgent
        }
    }

    private struct State {
        /// What names were resolved to.
        var addresses: [String: [IPAddress]] = [:]
        /// Who was warned of.
        var plainOrigins: Set<RemoteURL.Origin> = []
    }

    private let configuration: Configuration
    private let clients: ClientPool
    private let state = Mutex(State())

    package init(_ configuration: Configuration) {
        self.configuration = configuration
        clients = ClientPool(limits: configuration.limits, tls: configuration.tls)
    }

    /// Runs `body` with a transport, whose connections are closed afterwards.
    package static func with<Result>(
        _ configuration: Configuration,
        _ body: (LiveTransport) async throws -> Result
    ) async throws -> Result {
        let transport = LiveTransport(configuration)
        do {
            let result = try await body(transport)
            await transport.shutDown()
            return result
        } catch {
            await transport.shutDown()
            throw error
        }
    }

    /// Closes all connections; what is still being read fails.
    package func shutDown() async { await clients.shutDown() }

    package func send(_ request: TransportRequest) async throws -> TransportResponse {
        var request = request
        var wasLoopback: Bool?
        let deadline = configuration.limits.total.map { Deadline(after: $0) }
        for _ in 0...Redirect.limit {
            let route = try await route(for: request, redirectedFromLoopback: wasLoopback)
            let response = try await exchange(request, over: route, until: deadline)
            guard
                let redirect = try naming(
                    request,
                    { () throws(TransportError.Reason) in
                        try Redirect(of: response, to: request)
                    }
                )
            else { return response }
            request = redirect.request
            wasLoopback = route.leadsToLoopback
        }
        throw TransportError(.tooManyRedirects(limit: Redirect.limit), request.url, for: request.purpose)
    }

    /// Turns a reason into an error about `request`.
    private func naming<Value>(
        _ request: TransportRequest,
        _ body: () throws(TransportError.Reason) -> Value
    ) throws -> Value {
        do { return try body() } catch {
            throw TransportError(error, request.url, for: request.purpose, registry: request.registry)
        }
    }
}

/// How a request gets to its host.
private enum Route {
    /// The checked addresses to connect to.
    case addresses([IPAddress])
    /// Through a proxy, which looks up the host.
    case proxy(ProxySettings.Proxy)

    var leadsToLoopback: Bool {
        guard case .addresses(let addresses) = self else { return false }
        return addresses.contains { SpecialRange(of: $0) == .loopback }
    }
}

extension LiveTransport {
    private func route(for request: TransportRequest, redirectedFromLoopback: Bool?) async throws -> Route {
        let proxy = configuration.proxies.proxy(for: request.url)
        let contact = ContactPolicy.Contact(
            url: request.url,
            purpose: request.purpose,
            addresses: proxy == nil ? try await resolve(request.url.host, for: request) : [],
            registry: request.registry,
            registryIsLoopback: await isOnLoopback(request.registry),
            redirectedFromLoopback: redirectedFromLoopback
        )
        let route = try naming(request) { () throws(TransportError.Reason) in
            guard let proxy else { return Route.addresses(try configuration.policy.permittedAddresses(for: contact)) }
            try configuration.policy.checkByText(contact)
            return .proxy(proxy)
        }
        switch request.purpose {
        case .artifact where request.url.scheme == .http: warn(of: request.url)
        case .image where request.url.scheme == .http && !route.leadsToLoopback: warn(of: request.url)
        case .registry where request.url.scheme == .http && !route.leadsToLoopback: warn(of: request.url)
        default: break
        }
        return route
    }

    private func resolve(_ host: RemoteURL.Host, for request: TransportRequest) async throws -> [IPAddress] {
        guard case .name(let name) = host else {
            guard case .address(let address) = host else { return [] }
            return [address]
        }
        if let known = state.withLock({ $0.addresses[name] }) { return known }
        let found: [IPAddress]?
        do { found = try await lookUp(name) } catch is NoNameServer {
            throw TransportError(.noConnection("no name server answers"), request.url, for: request.purpose)
        }
        guard let found else { throw TransportError(.timedOut(.name), request.url, for: request.purpose) }
        if found.isEmpty { throw TransportError(.unknownHost, request.url, for: request.purpose) }
        state.withLock { $0.addresses[name] = found }
        return found
    }

    /// The addresses of a name; nil where that takes longer than a connection may.
    private func lookUp(_ name: String) async throws -> [IPAddress]? {
        try await withThrowingTaskGroup(of: [IPAddress]?.self) { [configuration] group in
            group.addTask { try await configuration.resolver.addresses(name) }
            group.addTask {
                try await Task.sleep(for: configuration.limits.connect)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Whether a registry is one that the user has named, and on this machine.
    private func isOnLoopback(_ registry: RemoteURL.Origin?) async -> Bool {
        guard let registry, configuration.policy.registries.contains(registry) else { return false }
        if registry.host.isThisMachine { return true }
        guard let root = try? RemoteURL(parsing: registry.description) else { return false }
        // What only a proxy can look up is elsewhere.
        if configuration.proxies.proxy(for: root) != nil { return false }
        // A registry whose name cannot be resolved allows nothing.
        let addresses = (try? await resolve(registry.host, for: TransportRequest(.get, root, purpose: .registry))) ?? []
        return !addresses.isEmpty && addresses.allSatisfy { SpecialRange(of: $0) == .loopback }
    }

    private func warn(of url: RemoteURL) {
        if state.withLock({ $0.plainOrigins.insert(url.origin).inserted }) { configuration.onPlainHTTP(url) }
    }
}

extension LiveTransport {
    /// The most addresses of one host that are tried.
    private static let triedAddresses = 4

    /// Sends a request through the proxy, or to the first address that takes a connection.
    private func exchange(
        _ request: TransportRequest,
        over route: Route,
        until deadline: Deadline?
    ) async throws -> TransportResponse {
        let targets: [ClientPool.Target]
        var translate = FailureTranslation(request: request, deadline: deadline)
        switch route {
        case .proxy(let proxy):
            targets = [.proxy(proxy)]
            translate.proxy = proxy
        case .addresses(let addresses):
            let tried = addresses.prefix(Self.triedAddresses)
            targets = tried.enumerated().map { index, address in
                .address(address, of: request.url.host, hasNext: index < tried.count - 1)
            }
        }
        var last: any Error = TransportError(.unknownHost, request.url, for: request.purpose)
        for target in targets {
            do {
                let client = try clients.client(for: target)
                let wire = wireRequest(for: request)
                let response = try await client.execute(wire, deadline: deadline?.instant ?? .distantFuture)
                return Self.response(response, to: request, translate, until: deadline)
            } catch {
                last = await explained(translate(error), at: target)
                guard let failure = last as? TransportError, failure.leavesOtherAddresses else { throw last }
            }
        }
        // None of them took a connection: the name may lead elsewhere by now.
        if case .name(let name) = request.url.host { state.withLock { $0.addresses[name] = nil } }
        throw last
    }

    /// The error with the reason why a certificate is refused, where the server shows it once more.
    private func explained(_ error: any Error, at target: ClientPool.Target) async -> any Error {
        guard let failure = error as? TransportError, failure.reason == .notSecure(.untrusted),
            case .address(let address, _, _) = target
        else { return error }
        let limit = configuration.limits.connect
        let shown = await ShownCertificates.shown(at: address, of: failure.url, within: limit, configuration.tls)
        guard let trouble = shown?.trouble(at: .now) else { return error }
        return TransportError(.notSecure(trouble), failure.url, for: failure.purpose, registry: failure.registry)
    }

    private func wireRequest(for request: TransportRequest) -> HTTPClientRequest {
        var wire = HTTPClientRequest(url: request.url.wireText)
        wire.method = HTTPMethod(rawValue: request.method.rawValue)
        wire.headers.add(name: "User-Agent", value: configuration.userAgent)
        for field in request.headers.fields { wire.headers.add(name: field.name, value: field.value) }
        for credential in request.credentials {
            wire.headers.add(name: credential.name, value: credential.value.exposed)
        }
        switch request.body {
        case .none: break
        case .bytes(let bytes): wire.body = .bytes(ByteBuffer(bytes: bytes))
        case .stream(let length, let stream): wire.body = .stream(stream, length: .known(length.bytes))
        }
        return wire
    }

    private static func response(
        _ response: HTTPClientResponse,
        to request: TransportRequest,
        _ translate: FailureTranslation,
        until deadline: Deadline?
    ) -> TransportResponse {
        var headers = HeaderFields()
        // A field that would cost time with the square of its length is as good as none.
        for (name, value) in response.headers where name.isStreamSafe && value.isStreamSafe {
            headers.append(name, value)
        }
        let body = BodyStream { [body = response.body] in
            var iterator = body.makeAsyncIterator()
            return BodyStream.Iterator {
                do {
                    // Bytes that keep coming one by one never meet the limit between two pieces.
                    if deadline?.hasPassed == true { throw HTTPClientError.deadlineExceeded }
                    let next = try await iterator.next(isolation: #isolation)
                    // A cancelled body ends like a whole one.
                    if next == nil { try Task.checkCancellation() }
                    return next
                } catch { throw translate(error) }
            }
        }
        return TransportResponse(status: Int(response.status.code), headers: headers, url: request.url, body: body)
    }
}

/// When a request has taken as long as it may.
struct Deadline: Sendable {
    let limit: Duration
    let instant: NIODeadline

    init(after limit: Duration) {
        self.limit = limit
        instant = .now() + TimeAmount(limit)
    }

    var hasPassed: Bool { NIODeadline.now() >= instant }
}

extension TransportError {
    /// Whether another address of the same host may take the connection that this one did not.
    fileprivate var leavesOtherAddresses: Bool { isTransient && isBeforeSending }
}
