// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import RegistryAPI
import RegistryService

/// `GET /w`: all workers, or those that a search finds.
struct ListRoutes: Sendable {
    let service: RegistryService
    let limits: ServerLimits

    func add(to router: Router<RegistryContext>) { router.reads(.list, list) }

    @Sendable
    private func list(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let query = QueryItems(request.uri.query)
        var question = ListWorkers.Question(
            search: query["search"],
            tag: query["tag"],
            kind: query["type"],
            sort: query["sort"],
            pageSize: query["page_size"],
            cursor: query["cursor"]
        )
        question.largestPage = limits.page
        return .ready(ReadyAnswer(body: try await service.list(question)), for: request)
    }
}
