// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Hummingbird
import RegistryService

/// Counts, for each address, the requests that cost much and need no key: to resolve, to search.
struct QuestionLimit: RouterMiddleware {
    typealias Context = RegistryContext

    private static let paths: Set<String> = ["/resolve", "/w", "/"]

    let rate: RequestRate
    let surroundings: Surroundings

    func handle(
        _ request: Request,
        context: RegistryContext,
        next: @concurrent (Request, RegistryContext) async throws -> Response
    ) async throws -> Response {
        if Self.paths.contains(request.uri.path) {
            try rate.count(context.clientAddress, at: surroundings.now())
        }
        return try await next(request, context)
    }
}
