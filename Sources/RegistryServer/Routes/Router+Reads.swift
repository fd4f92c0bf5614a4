// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import RegistryAPI

extension Router where Context == RegistryContext {
    /// Answers GET of a route, and HEAD with the same but the body: the one way in which a route is read.
    func reads(
        _ route: RegistryRoute,
        _ handler: @escaping @Sendable (Request, RegistryContext) async throws -> Response
    ) {
        reads(RouterPath(route.rawValue), handler)
    }

    func reads(
        _ path: RouterPath,
        _ handler: @escaping @Sendable (Request, RegistryContext) async throws -> Response
    ) {
        get(path, use: handler)
        head(path) { request, context in try await handler(request, context).createHeadResponse() }
    }
}

extension RegistryContext {
    /// The worker's name in the path.
    var name: String { part("name") }

    /// What the path says where the route has braces: `1.0.0%2Bb` is `1.0.0+b`.
    func part(_ key: String) -> String {
        let text = parameters.get(key) ?? ""
        // What stands for no text stays as it was written.
        return String(validating: StreamSafeRequests.decoded(text.utf8), as: UTF8.self) ?? text
    }
}
