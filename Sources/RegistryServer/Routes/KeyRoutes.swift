// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HTTPTypes
import Hummingbird
import JSONText
import RegistryAPI
import RegistryService

/// Who asks, and the keys of their account: `/whoami`, `/keys`, `/keys/{id}`.
struct KeyRoutes: Sendable {
    let service: RegistryService
    let limits: ServerLimits

    func add(to router: Router<RegistryContext>) {
        router.reads(.whoAmI, whoAmI)
        router.reads(.keys, list)
        router.post(RouterPath(RegistryRoute.keys.rawValue), use: create)
        router.delete(RouterPath(RegistryRoute.key.rawValue), use: revoke)
    }

    @Sendable
    private func whoAmI(_ request: Request, _ context: RegistryContext) async throws -> Response {
        .secret(try await caller(request, context).key.info)
    }

    @Sendable
    private func list(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let keys = try await service.keys.list(of: try await caller(request, context).account)
        return .secret(KeyList(keys.map(\.info)))
    }

    @Sendable
    private func create(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let caller = try await caller(request, context)
        let wish: NewKeyRequest = try await request.value(upTo: limits.question)
        let (text, key) = try await service.keys.create(wish, by: caller)
        return .secret(NewKeyAnswer(key: text.text.exposed, info: key.info))
    }

    @Sendable
    private func revoke(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let caller = try await caller(request, context)
        try await service.keys.revoke(context.part("id"), by: caller)
        return Response(status: .noContent)
    }

    private func caller(_ request: Request, _ context: RegistryContext) async throws -> Caller {
        try await service.keys.caller(request.apiKey, from: context.clientAddress)
    }
}

extension Response {
    /// An answer that nobody on the way may keep.
    fileprivate static func secret(_ value: some WireValue) -> Response {
        .json(value.json.bytes(), headers: [.cacheControl: "no-store"])
    }
}
