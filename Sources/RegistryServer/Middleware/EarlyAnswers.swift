// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes
import WorkerModel

/// Ends the connection after an answer that came while much of the request had still to come, or while its client
/// waited to be told to send it: nobody knows then whether what comes next is that body or another request.
///
/// The client reads the answer and stops. One that goes on sending is listened to for a while, since closing at once would
/// take the answer from it, and is then cut off.
struct EarlyAnswers: RouterMiddleware {
    typealias Context = RegistryContext

    /// Less than this is read to its end, and the connection kept.
    private static let worthKeeping: Int64 = 1 << 20

    let limits: ServerLimits

    func handle(
        _ request: Request,
        context: RegistryContext,
        next: @concurrent (Request, RegistryContext) async throws -> Response
    ) async throws -> Response {
        var request = request
        let awaited = AwaitedBody(request, on: context.channel)
        if let awaited { request.body = RequestBody(asyncSequence: awaited) }
        var response = try await next(request, context)
        let isAwaited = awaited.map { !$0.permission.wasGiven } ?? false
        guard isAwaited || response.status.code >= 400 && Self.isLong(request) else { return response }
        response.headers[.connection] = "close"
        let (channel, patience, body) = (context.channel, TimeAmount(limits.linger), response.body)
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            _ = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
            try await body.write(writer)
        }
        return response
    }

    private static func isLong(_ request: Request) -> Bool {
        if let length = request.declaredLength { return length > worthKeeping }
        return request.headers[.transferEncoding] != nil
    }
}
