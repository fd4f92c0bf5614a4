// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Hummingbird

/// Counts requests by their route.
struct RequestMetrics: RouterMiddleware {
    typealias Context = RegistryContext

    let metrics: ServerMetrics

    func handle(
        _ request: Request,
        context: RegistryContext,
        next: @concurrent (Request, RegistryContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        metrics.began()
        func count(_ status: Int) {
            metrics.ended(
                method: request.method.rawValue,
                route: context.endpointPath ?? "none",
                status: status,
                after: ContinuousClock.now - start
            )
        }
        do {
            let response = try await next(request, context)
            count(response.status.code)
            return response
        } catch {
            count(400)
            throw error
        }
    }
}
