// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Hummingbird
import RegistryAPI
import RegistryService
import Resolution

/// `POST /resolve`.
struct ResolveRoutes: Sendable {
    let service: RegistryService
    let limits: ServerLimits

    func add(to router: Router<RegistryContext>) {
        router.post(RouterPath(RegistryRoute.resolve.rawValue), use: resolve)
    }

    @Sendable
    private func resolve(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let question: ResolveRequest = try await request.value(upTo: limits.question)
        do {
            return .json(try await service.resolve(question))
        } catch RegistryServiceError.unresolved(let failure) {
            var answer = ErrorResponse(RegistryServiceError.unresolved(failure))
            // Clients take 404 for a server that cannot resolve: only an unknown root may say it.
            let isUnknownRoot = failure.reason == .workerNotFound && failure.isRoot
            if !isUnknownRoot, let code = answer.envelope.knownCode { answer.status = .init(code: code.graphStatus) }
            return answer.response(requestID: context.id)
        }
    }
}
