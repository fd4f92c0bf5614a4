// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import WorkerModel

/// One HTTP request.
package struct TransportRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// On whose behalf the request is made, which decides who may be contacted and how a failure is named.
    package enum Purpose: Hashable, Sendable {
        /// A conversation with the registry that the user chose.
        case registry
        /// Bytes from wherever a registry's answer points.
        case artifact
        /// A conversation with the registry of an image, and bytes from wherever it points.
        case image
    }

    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// Exactly `length` bytes, from a stream that can be read again for a second try.
        case stream(length: ByteCount, BodyStream)
    }

    /// A header whose value is a secret: sent to the origin of the first URL only, and never printed.
    package struct Credential: Sendable {
        package let name: String
        package let value: Redacted<String>

        package init(name: String, value: Redacted<String>) {
            self.name = name
            self.value = value
        }
    }

    package var method: Method
    package var url: RemoteURL
    package var purpose: Purpose
    package var headers: HeaderFields
    package var credentials: [Credential] = []
    package var body: Body
    /// Whether a redirect to another origin is refused: who asked may go to this one only.
    package var staysAtOrigin = false
    /// The registry that is talked with, or whose answer named the URL; nil where none did.
    package var registry: RemoteURL.Origin?

    package init(
        _ method: Method,
        _ url: RemoteURL,
        purpose: Purpose,
        headers: HeaderFields = [:],
        body: Body = .none
    ) {
        self.method = method
        self.url = url
        self.purpose = purpose
        self.headers = headers
        self.body = body
    }
}

/// The answer to a request; its body comes while it is read.
package struct TransportResponse: Sendable {
    package let status: Int
    package let headers: HeaderFields
    /// Where the answer came from, after redirects.
    package let url: RemoteURL
    /// To be read once; dropping it unread ends the exchange.
    package let body: BodyStream

    package init(status: Int, headers: HeaderFields = [:], url: RemoteURL, body: BodyStream) {
        self.status = status
        self.headers = headers
        self.url = url
        self.body = body
    }

    /// The length that the answer declares, where it does so in one plain number.
    package var declaredLength: ByteCount? {
        guard let text = headers["Content-Length"], text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let length = Int64(text)
        else { return nil }
        return ByteCount(length)
    }
}

/// The one way to make HTTP requests.
///
/// Redirects are followed by who implements this; retries are made by who calls it.
package protocol Transport: Sendable {
    /// Sends a request and waits for the head of the answer, whatever its status is.
    ///
    /// - Throws: `TransportError` where there is no answer, `CancellationError` where the task is cancelled. Reading
    ///   the body throws the same two.
    func send(_ request: TransportRequest) async throws -> TransportResponse
}
