// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Hummingbird
import JSONText
import RegistryAPI
import RegistryService

/// `POST /publish`, and `POST /publish/check`, which tells what would refuse it before any bytes are sent.
struct PublishRoutes: Sendable {
    let service: RegistryService
    let limits: ServerLimits

    func add(to router: Router<RegistryContext>) {
        router.post(RouterPath(RegistryRoute.publish.rawValue)) { request, context in
            try await answer(request, context) {
                try await service.publish($0, isRelease: $1, at: request.head.authority, by: $2)
            }
        }
        router.post(RouterPath(RegistryRoute.publishCheck.rawValue)) { request, context in
            try await answer(request, context) {
                try await service.publish.check($0, isRelease: $1, at: request.head.authority, by: $2)
            }
        }
    }

    private func answer(
        _ request: Request,
        _ context: RegistryContext,
        _ ask: (_ publication: JSONValue, _ isRelease: Bool, Caller) async throws -> PublishAnswer
    ) async throws -> Response {
        let caller = try await service.keys.caller(request.apiKey, from: context.clientAddress)
        let body = try await request.json(upTo: limits.jsonBody)
        let isRelease = QueryItems(request.uri.query)["release"] == "true"
        return .json(try await ask(body, isRelease, caller).json.bytes())
    }
}
