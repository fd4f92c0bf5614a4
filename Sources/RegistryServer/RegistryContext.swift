// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Transport

/// What is known of a request besides its bytes.
struct RegistryContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection, for closing it after an answer that came early.
    let channel: any Channel

    /// Where the request comes from, as far as limits tell clients apart; of an IPv6 address the network.
    var clientAddress: String

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
        clientAddress = source.channel.remoteAddress.flatMap { IPAddress($0)?.client } ?? "unknown"
    }
}

extension HTTPField.Name {
    static let apiKey = HTTPField.Name.known("X-API-Key")
    /// How many bytes of an upload have arrived, and how long the whole is going to be.
    static let uploadOffset = HTTPField.Name.known("Upload-Offset")
    static let uploadLength = HTTPField.Name.known("Upload-Length")
    static let forwardedFor = HTTPField.Name.known("X-Forwarded-For")
    static let referrerPolicy = HTTPField.Name.known("Referrer-Policy")
    static let requestID = HTTPField.Name.known("X-Request-Id")
    static let contentTypeOptions = HTTPField.Name.known("X-Content-Type-Options")

    // Of images.
    static let distributionVersion = HTTPField.Name.known("Docker-Distribution-API-Version")
    static let contentDigest = HTTPField.Name.known("Docker-Content-Digest")
    static let uploadID = HTTPField.Name.known("Docker-Upload-UUID")
    static let subject = HTTPField.Name.known("OCI-Subject")
    static let filtersApplied = HTTPField.Name.known("OCI-Filters-Applied")
    static let link = HTTPField.Name.known("Link")

    private static func known(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("header names here are tokens: \(text)") }
        return name
    }
}

extension Request {
    /// The key that came with the request.
    var apiKey: Redacted<String>? { headers[.apiKey].map { Redacted($0) } }

    /// How long the body is going to be, where the client says so.
    var declaredLength: Int64? { headers[.contentLength].flatMap { Int64($0) } }
}
