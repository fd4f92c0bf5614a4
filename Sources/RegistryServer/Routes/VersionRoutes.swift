// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import JSONText
import RegistryAPI
import RegistryService

/// What happens to versions after they were published: yanking, deprecating, deleting.
struct VersionRoutes: Sendable {
    let service: RegistryService
    let limits: ServerLimits

    func add(to router: Router<RegistryContext>) {
        router.post(RouterPath(RegistryRoute.yank.rawValue), use: yank)
        router.post(RouterPath(RegistryRoute.unyank.rawValue), use: unyank)
        router.post(RouterPath(RegistryRoute.deprecate.rawValue), use: deprecate)
        router.delete(RouterPath(RegistryRoute.version.rawValue), use: delete)
    }

    @Sendable
    private func yank(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let caller = try await service.keys.caller(request.apiKey, from: context.clientAddress)
        let why: YankRequest = try await request.value(upTo: limits.question, or: .emptyObject)
        return .json(try await service.yank(context.name, context.part("version"), why, by: caller).json.bytes())
    }

    @Sendable
    private func unyank(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let caller = try await service.keys.caller(request.apiKey, from: context.clientAddress)
        return .json(try await service.yank.undo(context.name, context.part("version"), by: caller).json.bytes())
    }

    @Sendable
    private func deprecate(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let caller = try await service.keys.caller(request.apiKey, from: context.clientAddress)
        let message: DeprecateRequest = try await request.value(upTo: limits.question)
        return .json(try await service.deprecate(context.name, message, by: caller).json.bytes())
    }

    /// The reason stands in the body or, since clients may not send one with DELETE, in the query.
    @Sendable
    private func delete(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let caller = try await service.keys.caller(request.apiKey, from: context.clientAddress)
        let why: YankRequest = try await request.value(upTo: limits.question, or: .emptyObject)
        let reason = why.reason.isEmpty ? QueryItems(request.uri.query)["reason"] ?? "" : why.reason
        let answer = try await service.remove(context.name, context.part("version"), reason: reason, by: caller)
        return .json(answer.json.bytes())
    }
}
