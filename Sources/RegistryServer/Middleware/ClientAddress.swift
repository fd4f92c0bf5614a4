// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import NIOCore

/// Finds out where a request behind a trusted proxy came from.
struct ClientAddress: RouterMiddleware {
    typealias Context = RegistryContext

    let proxies: TrustedProxies

    func handle(
        _ request: Request,
        context: RegistryContext,
        next: @concurrent (Request, RegistryContext) async throws -> Response
    ) async throws -> Response {
        let fields = request.headers[values: .forwardedFor]
        guard !fields.isEmpty, let peer = context.channel.remoteAddress.flatMap({ IPAddress($0) }) else {
            return try await next(request, context)
        }
        var context = context
        context.clientAddress = proxies.client(peer: peer, forwardedFor: fields).client
        return try await next(request, context)
    }
}
