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

    /// The error to throw for `error`; errors of ours, such as those of a body that is being sent, stay as they are.
    func callAsFunction(_ error: any Error) -> any Error {
        if Task.isCancelled || error is CancellationError { return CancellationError() }
        if error is any CodedError { return error }
        return TransportError(reason(of: error), request.url, for: request.purpose)
    }

    private func reason(of error: any Error) -> TransportError.Reason {
        switch error {
        case let error as HTTPClientError: reason(of: error)
        case let error as HTTPParserError: error == .invalidEOFState ? .cut : .malformedAnswer
        case let error as IOError: reason(of: error)
        case let error as ChannelError: reason(of: error)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: .notSecure(words(for: error))
        default: .noConnection(String(describing: error))
        }
    }

    private func reason(of error: HTTPClientError) -> TransportError.Reason {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout: .timedOut(.connect)
        case .tlsHandshakeTimeout: .timedOut(.secure)
        case .readTimeout, .writeTimeout, .deadlineExceeded: .timedOut(.answer)
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
        default: .noConnection("error \(error.errnoCode) of the system")
        }
    }

    private func words(for error: any Error) -> String {
        if error as? NIOSSLExtraError == .failedToValidateHostname {
            return "the certificate is not one for `\(request.url.host)`"
        }
        return "its certificate or the handshake was refused (\(error))"
    }
}
