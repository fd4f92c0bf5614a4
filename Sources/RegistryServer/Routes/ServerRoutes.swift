// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Hummingbird
import JSONText
import RegistryService
import RegistryStorage

/// What is asked about the server itself and about who asks: `/healthz`, `/whoami`.
struct ServerRoutes: Sendable {
    let service: RegistryService

    func add(to router: Router<RegistryContext>) {
        router.get("/healthz") { _, _ in Response.json(JSONValue.object(["status": "ok"]).bytes()) }
        router.get("/whoami", use: whoAmI)
    }

    @Sendable
    private func whoAmI(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let key = try await service.keys.caller(request.apiKey, from: context.clientAddress).key
        let answer: JSONObject = [
            "account": .string(key.account.description),
            "label": .string(key.label),
            "scopes": .array(key.scopes.map(\.rawValue).sorted().map { .string($0) }),
            "created_at": .string(key.createdAt.description),
            "expires_at": key.expiresAt.map { .string($0.description) } ?? .null,
        ]
        return .json(JSONValue.object(answer).bytes())
    }
}
