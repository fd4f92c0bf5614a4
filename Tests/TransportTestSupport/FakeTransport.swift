// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import Synchronization
package import Transport
import WorkerModel

/// A transport that answers from a closure, and can fail in every way that a network fails.
///
/// Keeps the requests that came. Follows `Answer.redirect` itself, as the real one follows redirects.
package final class FakeTransport: Transport {
    /// What goes wrong after the head of an answer.
    package enum Fault: Sendable {
        case none
        /// The connection ends after so many bytes of the body.
        case cut(after: Int)
        /// Nothing more comes after so many bytes, until the transport gives up.
        case stall(after: Int)
        /// One byte of the body is another one.
        case corrupt(at: Int)
    }

    package enum Answer: Sendable {
        case respond(status: Int, headers: HeaderFields = [:], body: [UInt8] = [], fault: Fault = .none)
        case redirect(to: String)
        case fail(TransportError.Reason)
    }

    private let answer: @Sendable (TransportRequest) throws -> Answer
    private let received = Mutex<[TransportRequest]>([])

    package init(_ answer: @escaping @Sendable (TransportRequest) throws -> Answer) { self.answer = answer }

    /// What was asked, in order, streams read into bytes; a redirect counts as one more.
    package var requests: [TransportRequest] { received.withLock { $0 } }

    package func send(_ request: TransportRequest) async throws -> TransportResponse {
        var request = request
        if case .stream(_, let stream) = request.body {
            request.body = .bytes(try await stream.collect(upTo: .mebibytes(256)))
        }
        for _ in 0...5 {
            received.withLock { $0.append(request) }
            switch try answer(request) {
            case .fail(let reason): throw TransportError(reason, request.url, for: request.purpose)
            case .redirect(let target): request.url = try request.url.resolving(target)
            case .respond(let status, let headers, let bytes, let fault):
                let body = Self.body(bytes, fault, for: request)
                return TransportResponse(status: status, headers: headers, url: request.url, body: body)
            }
        }
        throw TransportError(.tooManyRedirects(limit: 5), request.url, for: request.purpose)
    }

    private static func body(_ bytes: [UInt8], _ fault: Fault, for request: TransportRequest) -> BodyStream {
        let (kept, reason): ([UInt8], TransportError.Reason?) =
            switch fault {
            case .none: (bytes, nil)
            case .cut(let count): (Array(bytes.prefix(count)), .cut)
            case .stall(let count): (Array(bytes.prefix(count)), .timedOut(.answer))
            case .corrupt(let place):
                (bytes.enumerated().map { $0.offset == place ? $0.element ^ 1 : $0.element }, nil)
            }
        return BodyStream {
            var rest = ByteBuffer(bytes: kept)
            return BodyStream.Iterator {
                if let slice = rest.readSlice(length: min(rest.readableBytes, 16 << 10)), slice.readableBytes > 0 {
                    return slice
                }
                if let reason { throw TransportError(reason, request.url, for: request.purpose) }
                return nil
            }
        }
    }
}

extension Pacing {
    /// Waits for nothing and tells `observe` what it would have waited.
    package static func immediate(observe: @escaping @Sendable (Duration) -> Void = { _ in }) -> Pacing {
        Pacing(
            sleep: { duration in
                try Task.checkCancellation()
                observe(duration)
            },
            jitter: { 0 }
        )
    }
}
