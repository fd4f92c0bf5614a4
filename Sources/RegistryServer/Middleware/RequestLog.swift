// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Hummingbird

/// One line for each request of the framework, and on each answer the id that the line has.
struct RequestLog: RouterMiddleware {
    typealias Context = RegistryContext

    let log: LogOutput

    func handle(
        _ request: Request,
        context: RegistryContext,
        next: @concurrent (Request, RegistryContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let line = RequestLine(
            id: context.id,
            method: request.method.rawValue,
            path: request.uri.path,
            client: context.clientAddress
        )
        do {
            var response = try await next(request, context)
            response.headers[.requestID] = context.id
            response.headers[.contentTypeOptions] = "nosniff"
            line.write(status: response.status.code, after: ContinuousClock.now - start, to: log)
            return response
        } catch {
            // What the connection answers itself: bytes that are not HTTP.
            line.write(status: 400, after: ContinuousClock.now - start, to: log)
            throw error
        }
    }
}
