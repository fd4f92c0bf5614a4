// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HTTPTypes
import Hummingbird
import JSONText
import Logging
import NIOCore
import RegistryService

/// What is asked about the server itself: `/healthz`, `/readyz`, `/metrics`, `/openapi.json`.
struct ServerRoutes: Sendable {
    let server: RegistryServer

    func add(to router: Router<RegistryContext>) {
        router.reads("/healthz") { _, _ in Self.status("ok") }
        router.reads("/readyz", ready)
        router.reads("/openapi.json") { request, _ in
            Response.ready(ReadyAnswer(body: OpenAPIDocument.bytes), for: request)
        }
        if server.showsMetrics { router.reads("/metrics", metrics) }
    }

    /// Whether the registry can answer what it is asked; says no more to people outside.
    @Sendable
    private func ready(_ request: Request, _ context: RegistryContext) async throws -> Response {
        do { try await server.service.readiness() } catch {
            context.logger.error("not ready", metadata: ["error.message": "\(ErrorReport(error).message)"])
            return Self.status("unavailable", .serviceUnavailable)
        }
        return Self.status("ok")
    }

    @Sendable
    private func metrics(_ request: Request, _ context: RegistryContext) async throws -> Response {
        var text = MetricsText()
        server.metrics.write(to: &text)
        await server.connections.write(to: &text)
        let unwritten = "Downloads that are counted and not written down yet."
        text.single("iii_registry_downloads_unwritten", .gauge, unwritten, server.service.downloads.unwritten)
        ProcessMetrics.write(to: &text)
        return Response(
            status: .ok,
            headers: [.contentType: MetricsText.contentType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text.text))
        )
    }

    private static func status(_ word: String, _ status: HTTPResponse.Status = .ok) -> Response {
        .json(
            JSONValue.object(["status": .string(word)]).bytes(),
            status: status,
            headers: [.cacheControl: "no-store"]
        )
    }
}
