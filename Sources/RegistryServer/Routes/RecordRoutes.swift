// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import RegistryAPI
import RegistryService

/// What is remembered of workers: events, dependents, downloads, feeds, badges.
struct RecordRoutes: Sendable {
    /// How long a badge may be shown; pages show many, and nobody acts on their numbers.
    private static let badgeAge = "public, max-age=300"

    let service: RegistryService
    let limits: ServerLimits

    func add(to router: Router<RegistryContext>) {
        let (service, limits) = (service, limits)
        router.reads(.events) { request, context in
            let answer = try await service.records.events(of: context.name, PageRequest(request, limits))
            return .ready(ReadyAnswer(body: answer), for: request)
        }
        router.reads(.dependents) { request, context in
            let answer = try await service.records.dependents(of: context.name, PageRequest(request, limits))
            return .ready(ReadyAnswer(body: answer), for: request)
        }
        router.reads(.downloads) { request, context in
            .ready(ReadyAnswer(body: try await service.records.downloads(of: context.name)), for: request)
        }
        router.reads(.feed) { request, _ in Self.feed(try await service.feed(), for: request) }
        router.reads(.workerFeed) { request, context in
            Self.feed(try await service.feed(of: context.name), for: request)
        }
        router.reads(.downloadsBadge) { request, _ in Self.badge(try await service.badges(.downloads), for: request) }
        router.reads(.weeklyBadge) { request, _ in
            Self.badge(try await service.badges(.weeklyDownloads), for: request)
        }
        router.reads(.workersBadge) { request, _ in Self.badge(try await service.badges(.workers), for: request) }
        router.reads(.workerBadge) { request, context in
            Self.badge(try await service.badges(worker: context.name), for: request)
        }
    }

    private static func feed(_ document: [UInt8], for request: Request) -> Response {
        .ready(ReadyAnswer(body: document), for: request, as: "application/atom+xml; charset=utf-8")
    }

    private static func badge(_ picture: [UInt8], for request: Request) -> Response {
        .ready(ReadyAnswer(body: picture), for: request, as: "image/svg+xml; charset=utf-8", cache: badgeAge)
    }
}

extension PageRequest {
    fileprivate init(_ request: Request, _ limits: ServerLimits) throws(RegistryServiceError) {
        let query = QueryItems(request.uri.query)
        try self.init(size: query["page_size"], cursor: query["cursor"], largest: limits.page)
    }
}
