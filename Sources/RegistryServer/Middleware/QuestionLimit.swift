// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Hummingbird
import RegistryAPI
import RegistryService

/// Counts, for each address, the requests that cost much and need no key: to resolve, to search.
struct QuestionLimit: RouterMiddleware {
    typealias Context = RegistryContext

    /// As the router names them: however their paths were spelled.
    private static let routes = Set(
        [RegistryRoute.resolve, .list, .home].map { RouterPath($0.rawValue).description }
    )

    let rate: RequestRate
    let surroundings: Surroundings

    func handle(
        _ request: Request,
        context: RegistryContext,
        next: @concurrent (Request, RegistryContext) async throws -> Response
    ) async throws -> Response {
        if let route = context.endpointPath, Self.routes.contains(route) {
            try rate.count(context.clientAddress, at: surroundings.elapsed())
        }
        return try await next(request, context)
    }
}
