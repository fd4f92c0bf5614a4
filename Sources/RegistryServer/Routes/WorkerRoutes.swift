// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import RegistryAPI
import RegistryService

/// What is read about one worker: `/download/{name}`, `/w/{name}`, `/w/{name}/versions`.
struct WorkerRoutes: Sendable {
    let service: RegistryService

    func add(to router: Router<RegistryContext>) {
        add(.download, to: router, download)
        add(.detail, to: router, detail)
        add(.versions, to: router, versions)
    }

    private func add(
        _ route: RegistryRoute,
        to router: Router<RegistryContext>,
        _ handler: @escaping @Sendable (Request, RegistryContext) async throws -> Response
    ) {
        router.get(RouterPath(route.rawValue), use: handler)
        router.head(RouterPath(route.rawValue)) { request, context in
            try await handler(request, context).createHeadResponse()
        }
    }

    @Sendable
    private func download(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let query = QueryItems(request.uri.query)
        let answer = try await service.download(
            context.name,
            version: query["version"],
            counting: request.method == .get ? query["ci"] == "true" : nil
        )
        guard let body = answer.body else { return Response(status: .noContent) }
        return .ready(body, for: request)
    }

    @Sendable
    private func detail(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let query = QueryItems(request.uri.query)
        let answer = try await service.details(context.name, version: query["version"] ?? query["tag"])
        return .ready(ReadyAnswer(body: answer), for: request)
    }

    @Sendable
    private func versions(_ request: Request, _ context: RegistryContext) async throws -> Response {
        .ready(ReadyAnswer(body: try await service.versions(context.name)), for: request)
    }
}

extension RegistryContext {
    /// The worker's name in the path, as it was written.
    fileprivate var name: String { parameters.get("name") ?? "" }
}
