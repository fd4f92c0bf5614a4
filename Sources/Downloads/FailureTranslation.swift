// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import AsyncHTTPClient
import Diagnostics
import NIOCore
import NIOHTTP1
import NIOSSL
import Transport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Says in our words what the client library reports.
struct FailureTranslation {
    let request: TransportRequest
    var deadline: Deadline?
    /// What stands between us and the server.
    var proxy: ProxySettings.Proxy?

    /// The error to throw for `error`; errors of ours, such as those of a body that is being sent, stay as they are.
    func callAsFunction(_ error: any Error) -> any Error {
        if Task.isCancelled || error is CancellationError { return CancellationError() }
        if error is any CodedError { return error }
        return TransportError(reason(of: error), request.url, for: request.purpose)
    }

    /// The reason, told as the proxy's where it stands in the way itself.
    private func reason(of error: any Error) -> TransportError.Reason {
        var reason = directReason(of: error)
        // Whichever limit ends what has taken too long, that is what there is to tell.
        if case .timedOut = reason, let deadline, deadline.hasPassed { reason = .tookTooLong(limit: deadline.limit) }
        guard let proxy else { return reason }
        let words: String
        switch (error as? HTTPClientError, reason) {
        case (.proxyAuthenticationRequired?, _): words = "it asks for a name and a password"
        case (.httpProxyHandshakeTimeout?, _), (.socksHandshakeTimeout?, _): words = "it did not connect us in time"
        case (.invalidProxyResponse?, _): words = "it refused to connect us to `\(request.url.host)`"
        case (_, .noConnection(let said)): words = said
        case (_, .timedOut(.connect)): words = "timed out while connecting"
        default: return reason
        }
        return .proxyFails(proxy.description, variable: proxy.variable, words)
    }

    private func directReason(of error: any Error) -> TransportError.Reason {
        switch error {
        case let error as HTTPClientError: reason(of: error)
        case let error as HTTPParserError: error == .invalidEOFState ? .cut : .malformedAnswer
        case let error as IOError: reason(of: error)
        case let error as ChannelError: reason(of: error)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: .notSecure(insecurity(of: error))
        default: .noConnection(error.words)
        }
    }

    private func reason(of error: HTTPClientError) -> TransportError.Reason {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout: .timedOut(.connect)
        case .tlsHandshakeTimeout: .timedOut(.secure)
        case .deadlineExceeded: .tookTooLong(limit: deadline?.limit ?? .zero)
        case .readTimeout, .writeTimeout: .timedOut(.answer)
        case .remoteConnectionClosed, .requestStreamCancelled: .cut
        default: .noConnection(error.shortDescription.lowercased())
        }
    }

    private func reason(of error: ChannelError) -> TransportError.Reason {
        switch error {
        case .connectTimeout: .timedOut(.connect)
        default: .cut
        }
    }

    private func reason(of error: IOError) -> TransportError.Reason {
        switch error.errnoCode {
        case ECONNREFUSED: .noConnection("the connection was refused")
        case ENETUNREACH, EHOSTUNREACH: .noConnection("there is no route to it")
        case ETIMEDOUT: .timedOut(.connect)
        case ECONNRESET, EPIPE, ECONNABORTED: .cut
        default: .noConnection(error.words)
        }
    }

    private func insecurity(of error: any Error) -> Insecurity {
        if error as? NIOSSLExtraError == .failedToValidateHostname {
            return .otherName("\(request.url.host)")
        }
        // The library tells its reasons apart in its text alone, which itself is not for people.
        let text = String(describing: error)
        func says(_ reasons: String...) -> Bool { reasons.contains { text.contains($0) } }
        if says("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST") {
            return .plainHTTP
        }
        return says("CERTIFICATE_VERIFY_FAILED") ? .untrusted : .noAgreement
    }
}
