// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import Transport

/// Finds out where a request behind a trusted proxy came from.
///
/// A proxy that is not trusted makes all of its clients one for every limit, which whoever runs the registry is told
/// once.
struct ClientAddress: RouterMiddleware {
    typealias Context = RegistryContext

    /// Whether something was said before.
    final class Once: Sendable {
        private let isSaid = Atomic<Bool>(false)

        fileprivate func say(_ say: () -> Void) { if !isSaid.exchange(true, ordering: .relaxed) { say() } }
    }

    let proxies: TrustedProxies
    private let warning = Once()

    init(proxies: TrustedProxies) { self.proxies = proxies }

    func handle(
        _ request: Request,
        context: RegistryContext,
        next: @concurrent (Request, RegistryContext) async throws -> Response
    ) async throws -> Response {
        let fields = request.headers[values: .forwardedFor]
        guard !fields.isEmpty, let peer = context.channel.remoteAddress.flatMap({ IPAddress($0) }) else {
            return try await next(request, context)
        }
        if !proxies.contains(peer) {
            warning.say {
                context.logger.warning(
                    "X-Forwarded-For is not believed: all that comes through this peer counts as one client",
                    metadata: ["client.address": "\(peer.client)", "setting": "trusted-proxy"]
                )
            }
        }
        var context = context
        context.clientAddress = proxies.client(peer: peer, forwardedFor: fields).client
        return try await next(request, context)
    }
}
