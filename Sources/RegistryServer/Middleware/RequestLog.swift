// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import Logging
import RegistryService

/// One line for each request, and on each answer the id that the line has.
///
/// Never the query, the headers or the body: keys and signed addresses stand there.
struct RequestLog: RouterMiddleware {
    typealias Context = RegistryContext

    func handle(
        _ request: Request,
        context: RegistryContext,
        next: @concurrent (Request, RegistryContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        do {
            var response = try await next(request, context)
            response.headers[.requestID] = context.id
            response.headers[.contentTypeOptions] = "nosniff"
            Self.log(request, context, response.status, since: start)
            return response
        } catch {
            // What the connection answers itself: bytes that are not HTTP.
            Self.log(request, context, .badRequest, since: start)
            throw error
        }
    }

    private static func log(
        _ request: Request,
        _ context: RegistryContext,
        _ status: HTTPResponse.Status,
        since start: ContinuousClock.Instant
    ) {
        context.logger.info(
            "request",
            metadata: [
                "http.method": "\(request.method.rawValue)",
                "http.path": "\(Self.withoutKeys(request.uri.path).prefix(200))",
                "http.status": "\(status.code)",
                "http.duration_ms": "\(milliseconds(ContinuousClock.now - start))",
                "client.address": "\(context.clientAddress)",
            ]
        )
    }

    /// A path as it may be written down: somebody may have put a key where its id belongs.
    static func withoutKeys(_ path: String) -> String {
        guard path.contains(KeyText.prefix) else { return path }
        return path.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.contains(KeyText.prefix) ? "[redacted]" : String($0) }.joined(separator: "/")
    }

    private static func milliseconds(_ duration: Duration) -> String {
        let microseconds = duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000
        let digits = String(microseconds % 1000)
        return "\(microseconds / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }
}
