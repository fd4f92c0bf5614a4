// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineProtocol
import HostSystem
import NIOCore
package import Transport
package import WorkerModel

/// Calls functions that are HTTP endpoints.
///
/// Who may be contacted is for the transport to say: workers name the URLs.
package struct HTTPEndpointCaller: Sendable {
    private let transport: any Transport
    /// A variable of the engine's environment, where endpoints' secrets are.
    private let variable: @Sendable (String) -> String?
    private let responseLimit: ByteCount
    private let now: @Sendable () -> Int64

    package init(
        transport: any Transport,
        responseLimit: ByteCount = .mebibytes(64),
        now: (@Sendable () -> Int64)? = nil,
        variable: @escaping @Sendable (String) -> String?
    ) {
        self.transport = transport
        self.responseLimit = responseLimit
        self.now = now ?? { HostClock.unixMilliseconds / 1000 }
        self.variable = variable
    }

    /// Sends the call's data as JSON and reads the answer's body as the result; an empty one is null.
    ///
    /// - Throws: `CallFailure`: what the endpoint says below `error`, else `http_error` with its status;
    ///   `url_validation_failed` for an address that may not be contacted; `http_request_failed`.
    func call(
        _ invocation: RawJSON,
        _ call: LocalCall,
        within rights: EndpointRights = .all
    ) async throws -> RawJSON? {
        let endpoint = try HTTPEndpoint(invocation)
        try rights.check(endpoint)
        var request = try request(to: endpoint, for: call)
        request.staysAtOrigin = rights.addresses != nil
        let asked = request
        return try await withThrowingTaskGroup(of: RawJSON?.self) { group in
            group.addTask { try await exchange(asked) }
            group.addTask {
                try await Task.sleep(for: endpoint.timeout)
                throw CallFailure(code: "http_request_failed", message: "no answer within \(endpoint.timeout)")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    private func request(to endpoint: HTTPEndpoint, for call: LocalCall) throws(CallFailure) -> TransportRequest {
        let hasBody = endpoint.method != .get
        let body = hasBody ? Array((call.data ?? .null).text.readableBytesView) : []
        let seconds = now()
        var request = TransportRequest(endpoint.method, endpoint.url, purpose: .artifact)
        if hasBody {
            request.headers["Content-Type"] = "application/json"
            request.body = .bytes(body)
        }
        if HTTPEndpoint.isValue(call.functionID) { request.headers["x-iii-Function-Path"] = call.functionID }
        if HTTPEndpoint.isValue(call.callID) { request.headers["x-iii-Invocation-ID"] = call.callID }
        request.headers["x-iii-Timestamp"] = String(seconds)
        for (name, value) in endpoint.headers { request.headers[name] = value }
        switch endpoint.authentication {
        case nil: break
        case .hmac(let name):
            request.headers["x-iii-Signature"] = RequestSignature.sign(body, at: seconds, with: try secret(name))
        case .bearer(let name): request.credentials = [credential("Authorization", "Bearer " + (try secret(name)))]
        case .header(let header, let name): request.credentials = [credential(header, try secret(name))]
        }
        return request
    }

    private func credential(_ name: String, _ value: String) -> TransportRequest.Credential {
        TransportRequest.Credential(name: name, value: Redacted(value))
    }

    private func secret(_ name: String) throws(CallFailure) -> String {
        guard let value = variable(name), !value.isEmpty, HTTPEndpoint.isValue(value) else {
            throw CallFailure(
                code: "invocation_error",
                message: "the engine's environment has no usable `\(name.printable)` for the function's endpoint"
            )
        }
        return value
    }

    private func exchange(_ request: TransportRequest) async throws -> RawJSON? {
        let response: TransportResponse
        let bytes: [UInt8]
        do {
            response = try await transport.send(request)
            bytes = try await response.body.collect(upTo: responseLimit)
        } catch let error as TransportError { throw CallFailure(error) } catch let error as BodyTooLarge {
            throw CallFailure(code: "payload_too_large", message: "the answer has more than \(error.limit)")
        }
        let value = bytes.isEmpty ? nil : try? RawJSON(parsing: ByteBuffer(bytes: bytes))
        guard (200..<300).contains(response.status) else {
            let error = value?.member("error")
            throw CallFailure(
                code: error?.member("code")?.string ?? "http_error",
                message: error?.member("message")?.string ?? "the endpoint answered with status \(response.status)"
            )
        }
        guard value != nil || bytes.isEmpty else {
            throw CallFailure(code: "invalid_response", message: "the endpoint's answer is not JSON")
        }
        return value
    }
}

extension CallFailure {
    fileprivate init(_ error: TransportError) {
        switch error.reason {
        case .plainHTTP, .refusedAddress, .refusedRedirect, .tooManyRedirects: self = .badEndpoint(error.message)
        default: self.init(code: "http_request_failed", message: error.message)
        }
    }
}
