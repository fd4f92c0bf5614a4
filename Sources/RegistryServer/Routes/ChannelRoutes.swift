// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import JSONText
import RegistryAPI
import RegistryService

/// `/w/{name}/tags/{tag}` and `/w/{name}/releases/finalize`: where channels point.
struct ChannelRoutes: Sendable {
    let service: RegistryService
    let limits: ServerLimits

    func add(to router: Router<RegistryContext>) {
        let path = RouterPath(RegistryRoute.channel.rawValue)
        router.put(path, use: put)
        router.delete(path, use: delete)
        router.post(RouterPath(RegistryRoute.finalize.rawValue), use: finalize)
    }

    @Sendable
    private func put(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let caller = try await service.keys.caller(request.apiKey, from: context.clientAddress)
        let move: ChannelRequest = try await request.value(upTo: limits.question)
        let answer = try await service.channels(context.name, context.part("tag"), move, by: caller)
        return .json(answer.json.bytes())
    }

    @Sendable
    private func delete(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let caller = try await service.keys.caller(request.apiKey, from: context.clientAddress)
        return .json(try await service.channels.remove(context.name, context.part("tag"), by: caller).json.bytes())
    }

    @Sendable
    private func finalize(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let caller = try await service.keys.caller(request.apiKey, from: context.clientAddress)
        let release: FinalizeRequest = try await request.value(upTo: limits.question)
        return .json(try await service.channels.finalize(context.name, release, by: caller).json.bytes())
    }
}
