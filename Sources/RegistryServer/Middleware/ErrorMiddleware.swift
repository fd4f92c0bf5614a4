// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Hummingbird
import Logging
import NIOHTTP1

/// Answers what handlers throw.
struct ErrorMiddleware: RouterMiddleware {
    typealias Context = RegistryContext

    func handle(
        _ request: Request,
        context: RegistryContext,
        next: @concurrent (Request, RegistryContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPParserError {
            // The connection answers this one itself, and ends.
            throw error
        } catch {
            let answer = ErrorResponse(error)
            if answer.isFailureOfServer { Self.log(error, context.logger) }
            // Whoever looks at a page reads why there is none on one.
            let response =
                if request.uri.path == ImagePath.prefix || request.uri.path.hasPrefix(ImagePath.prefix + "/") {
                    answer.imageResponse(requestID: context.id)
                } else if request.method == .get && request.wantsPage {
                    PageRoutes.page(of: answer)
                } else { answer.response(requestID: context.id) }
            // A body behind an answer to HEAD would be taken for the answer to the next request.
            return request.method == .head ? response.createHeadResponse() : response
        }
    }

    private static func log(_ error: any Error, _ logger: Logger) {
        let report = ErrorReport(error)
        logger.error(
            "request failed",
            metadata: [
                "error.code": "\(report.code.rawValue)",
                "error.message": "\(report.message)",
                "error.causes": .array(report.causes.map { "\($0)" }),
            ]
        )
    }
}
