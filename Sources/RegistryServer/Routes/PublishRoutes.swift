// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Hummingbird
import JSONText
import RegistryAPI
import RegistryService

/// `POST /publish`.
struct PublishRoutes: Sendable {
    let service: RegistryService
    let limits: ServerLimits

    func add(to router: Router<RegistryContext>) {
        router.post(RouterPath(RegistryRoute.publish.rawValue), use: publish)
    }

    @Sendable
    private func publish(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let caller = try await service.keys.caller(request.apiKey, from: context.clientAddress)
        let body = try await request.json(upTo: limits.jsonBody)
        let answer = try await service.publish(body, by: caller)
        return .json(answer.json.bytes())
    }
}
