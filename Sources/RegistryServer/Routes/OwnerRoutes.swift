// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Hummingbird
import JSONText
import RegistryAPI
import RegistryService

/// Who owns a worker: `/w/{name}/owners`, `/w/{name}/owners/{account}`.
struct OwnerRoutes: Sendable {
    let service: RegistryService
    let limits: ServerLimits

    func add(to router: Router<RegistryContext>) {
        router.reads(.owners, list)
        router.post(RouterPath(RegistryRoute.owners.rawValue), use: add)
        router.delete(RouterPath(RegistryRoute.owner.rawValue), use: remove)
    }

    @Sendable
    private func list(_ request: Request, _ context: RegistryContext) async throws -> Response {
        .ready(ReadyAnswer(body: try await service.owners(of: context.name).json.bytes()), for: request)
    }

    @Sendable
    private func add(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let caller = try await service.keys.caller(request.apiKey, from: context.clientAddress)
        let account = try await request.value(upTo: limits.question, as: OwnerRequest.self).account
        return .json(try await service.owners.add(account, to: context.name, by: caller).json.bytes())
    }

    @Sendable
    private func remove(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let caller = try await service.keys.caller(request.apiKey, from: context.clientAddress)
        let account = context.part("account")
        return .json(try await service.owners.remove(account, from: context.name, by: caller).json.bytes())
    }
}
