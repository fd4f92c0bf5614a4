// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import Transport
package import WorkerModel

/// Why an artifact cannot be had.
///
/// W142.
package struct DownloadError: CodedError {
    package enum Reason: Error, Sendable {
        /// An answer that no retry improves.
        case status(Int)
        /// The server keeps failing, with what it said last.
        case serverFails(status: Int, tries: Int)
        /// The network keeps failing.
        case networkFails(TransportError, tries: Int)
        /// What came is no archive, by its `Content-Type`.
        case contentType(String)
        /// What came is packed for the transport, by its `Content-Encoding`.
        case contentEncoding(String)
        case tooLarge(limit: ByteCount)
        /// Another file came after the connection was cut.
        case changed
    }

    package let url: RemoteURL
    package let reason: Reason

    /// Whether another file answers than the one that was begun.
    var isOfAnotherFile: Bool { if case .changed = reason { true } else { false } }

    package init(_ reason: Reason, _ url: RemoteURL) {
        self.reason = reason
        self.url = url
    }

    package var code: ErrorCode { .download }

    package var message: String {
        switch reason {
        case .status(let status): "cannot download `\(url)`: the server answered \(status)"
        case .serverFails(let status, let tries):
            "cannot download `\(url)`: the server answered \(status), after \(tries) tries"
        case .networkFails(_, let tries): "cannot download `\(url)`: the connection failed, after \(tries) tries"
        case .contentType(let type):
            "cannot download `\(url)`: it is `\(PrintableText(type, limit: 80))`, not an archive"
        case .contentEncoding(let encoding):
            "cannot download `\(url)`: it came with the content encoding `\(PrintableText(encoding, limit: 80))`"
        case .tooLarge(let limit): "cannot download `\(url)`: it is larger than \(limit)"
        case .changed: "cannot download `\(url)`: the file changed while it was downloaded"
        }
    }

    package var hints: [String] {
        switch reason {
        case .status(401), .status(403):
            ["the URL may have expired or need a sign-in: ask the publisher for a public one"]
        case .status, .contentType, .contentEncoding, .tooLarge:
            ["ask the publisher to publish the worker again with a URL that serves the archive itself"]
        case .serverFails: ["try again in a few minutes"]
        case .networkFails: []
        case .changed: ["run the command again; if it fails again, tell the publisher"]
        }
    }

    package var cause: (any Error)? {
        guard case .networkFails(let error, _) = reason else { return nil }
        return error
    }

    package var details: [(key: String, value: String)] { [("url", url.description)] }
}
