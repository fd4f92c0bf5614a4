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
        router.reads(.download, download)
        router.reads(.detail, detail)
        router.reads(.versions, versions)
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
        // Links to the API stand in feeds and READMEs, and people follow them.
        let selector = query["version"] ?? query["tag"]
        if request.wantsPage, let page = PageRoutes.redirect(to: context.name, selector) { return page }
        let answer = try await service.details(context.name, version: selector)
        var response = Response.ready(ReadyAnswer(body: answer), for: request)
        response.headers[.vary] = "Accept"
        return response
    }

    @Sendable
    private func versions(_ request: Request, _ context: RegistryContext) async throws -> Response {
        .ready(try await service.versions(context.name), for: request)
    }
}
