// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import RegistryAPI
import RegistryService

/// `/w/{name}/skills`: the documents of a version that may be replaced.
struct SkillRoutes: Sendable {
    let service: RegistryService
    let limits: ServerLimits

    func add(to router: Router<RegistryContext>) {
        router.reads(.skills, get)
        router.post(RouterPath(RegistryRoute.skills.rawValue), use: post)
    }

    @Sendable
    private func get(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let query = QueryItems(request.uri.query)
        let answer = try await service.skills(context.name, version: query["version"] ?? query["tag"])
        return .ready(ReadyAnswer(body: answer), for: request)
    }

    @Sendable
    private func post(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let caller = try await service.keys.caller(request.apiKey, from: context.clientAddress)
        let body = try await request.json(upTo: limits.jsonBody)
        return .json(try await service.skills.replace(context.name, body, by: caller))
    }
}
