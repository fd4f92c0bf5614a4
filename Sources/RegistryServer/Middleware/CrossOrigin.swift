// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import RegistryAPI

/// Lets pages of any origin read what everybody may read anyway: answers to GET and HEAD, and to `POST /resolve`.
///
/// No credentials take part: a page of another origin can send no key of its user.
struct CrossOrigin: RouterMiddleware {
    typealias Context = RegistryContext

    /// What pages may ask for, as patterns.
    static let paths: [RouterPath] =
        [
            RegistryRoute.resolve, .download, .detail, .versions, .blob, .list, .skills, .dependents, .downloads,
            .events, .owners, .feed, .workerFeed, .downloadsBadge, .weeklyBadge, .workersBadge, .workerBadge,
        ].map { RouterPath($0.rawValue) } + ["/healthz"]

    /// The answer to the question of a browser whether it may send a request.
    static let preflightHeaders: HTTPFields = [
        .accessControlAllowMethods: "GET, HEAD, POST, OPTIONS",
        .accessControlAllowHeaders: "Accept, Content-Type, If-None-Match, Range",
        .accessControlMaxAge: "86400",
        .accessControlAllowOrigin: "*",
    ]

    func handle(
        _ request: Request,
        context: RegistryContext,
        next: @concurrent (Request, RegistryContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        if request.method == .get || request.method == .head || request.uri.path == "/resolve" {
            response.headers[.accessControlAllowOrigin] = "*"
            response.headers[.accessControlExposeHeaders] = "ETag, Retry-After, X-Request-Id"
        }
        return response
    }
}
