// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import JSONText
import MarkupText
import NIOCore
import RegistryAPI
import RegistryPages
import RegistryService
import WorkerModel

/// What people see in a browser: `/`, `/workers/{name}`, and the style sheet and icon of both.
///
/// Clients that do not ask for pages hear at `/` that nothing is there, as they always did.
struct PageRoutes: Sendable {
    /// Allows nothing but what the pages of this server need: no script, no frame, nothing of others.
    private static let policy = """
        default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
        """
    private static let html = "text/html; charset=utf-8"
    private static let forever = "public, max-age=31536000, immutable"

    let service: RegistryService
    private let texts = RenderedTexts()

    init(service: RegistryService) { self.service = service }

    func add(to router: Router<RegistryContext>) {
        router.reads(.home, list)
        router.reads(.page, worker)
        router.reads(.styles) { request, _ in
            .ready(
                ReadyAnswer(body: StyleSheet.bytes),
                for: request,
                as: "text/css; charset=utf-8",
                cache: Self.forever
            )
        }
        router.reads(.icon) { request, _ in
            .ready(ReadyAnswer(body: PageIcon.bytes), for: request, as: "image/svg+xml", cache: "public, max-age=86400")
        }
    }

    /// Sends a browser from the API to the page that shows the same; nil for what can be the name of no worker.
    static func redirect(to name: String, _ selector: String?) -> Response? {
        guard let name = try? WorkerName(parsing: name) else { return nil }
        let path = RegistryPath.page(name, selector: selector.flatMap { try? VersionSelector(parsing: $0) })
        return Response(status: .seeOther, headers: [.location: path.description, .vary: "Accept"])
    }

    @Sendable
    private func list(_ request: Request, _ context: RegistryContext) async throws -> Response {
        guard request.wantsPage else { throw RequestFault.unknownRoute }
        let query = QueryItems(request.uri.query)
        return try await page(for: request) {
            let asked = ListWorkers.Question(
                search: query["search"],
                tag: query["tag"],
                kind: query["type"],
                sort: query["sort"],
                cursor: query["cursor"]
            )
            let answer = try WorkerPage(json: try JSONValue(parsing: try await service.list(asked)))
            var question = ListQuestion(search: query["search"])
            question.tag = query["tag"].flatMap { $0.isEmpty ? nil : $0 }
            question.kind = query["type"].flatMap { WorkerKind(rawValue: $0) }
            question.order = query["sort"].flatMap { ListQuestion.Order(rawValue: $0) }
            return ListPage(question, answer).markup
        }
    }

    @Sendable
    private func worker(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let selector = QueryItems(request.uri.query)["version"]
        return try await page(for: request) { try await view(of: context.name, selector).markup }
    }

    private func view(of name: String, _ selector: String?) async throws -> WorkerView {
        let detail = try JSONValue(parsing: try await service.details(name, version: selector))
        let first = try PageRequest()
        let meant = try WorkerDetail(json: JSONCursor(detail))
        let delivered = try await service.images.read.platforms(of: meant.version, of: meant.name)
        return try WorkerView(
            detail: detail,
            versions: try JSONValue(parsing: try await service.versions(name).body),
            skills: try JSONValue(parsing: try await service.skills(name, version: selector)),
            dependents: try JSONValue(parsing: try await service.records.dependents(of: name, first)),
            downloads: try JSONValue(parsing: try await service.records.downloads(of: name)),
            registry: service.publicURL().description,
            texts: texts,
            deliveries: delivered.map { row in
                WorkerView.Delivery(
                    platform: row.platform,
                    digest: row.digest.description,
                    layers: row.layers,
                    size: row.size.description
                )
            }
        )
    }

    /// Answers a page; where the registry refuses, a page that says why.
    private func page(for request: Request, _ make: () async throws -> Markup) async throws -> Response {
        do {
            let markup = try await make()
            return Self.guarded(.ready(ReadyAnswer(body: markup.bytes), for: request, as: Self.html))
        } catch let error as RegistryServiceError {
            return Self.page(of: ErrorResponse(error))
        }
    }

    /// The page that tells of an error.
    static func page(of answer: ErrorResponse) -> Response {
        let page = ErrorPage(message: answer.envelope.message, fix: answer.envelope.fix).markup
        var headers = answer.headers
        headers[.contentType] = html
        headers[.cacheControl] = "no-cache"
        return guarded(
            Response(
                status: answer.status,
                headers: headers,
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: page.bytes))
            )
        )
    }

    /// With what keeps a page from doing more than it shows.
    private static func guarded(_ response: Response) -> Response {
        var response = response
        response.headers[.contentSecurityPolicy] = policy
        response.headers[.referrerPolicy] = "no-referrer"
        response.headers[.vary] = "Accept"
        return response
    }
}

extension Request {
    /// Whether a browser asks, rather than a client of the API: it names HTML, and not JSON.
    var wantsPage: Bool {
        let accepted = headers[values: .accept].joined(separator: ",").lowercased().split(separator: ",")
        func names(_ type: String) -> Bool {
            accepted.contains { range in
                let parts = range.split(separator: ";").map { part in part.filter { $0 != " " && $0 != "\t" } }
                return parts.first == type && !parts.dropFirst().contains { $0 == "q=0" || $0 == "q=0.0" }
            }
        }
        return names("text/html") && !names("application/json")
    }
}
