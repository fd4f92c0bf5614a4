// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// Why a request has no answer, or an answer no end.
///
/// W143 for a registry, W142 for an artifact.
package struct TransportError: CodedError, Hashable {
    package enum Step: String, Hashable, Sendable {
        case name = "looking up the host"
        case connect = "connecting"
        case secure = "securing the connection"
        case answer = "waiting for data"
    }

    package enum Reason: Error, Hashable {
        /// There is no such host.
        case unknownHost
        /// No connection, with the system's words.
        case noConnection(String)
        case timedOut(Step)
        /// The whole answer was not there in the time that a request may take.
        case tookTooLong(limit: Duration)
        /// The proxy that a variable of the environment names stands in the way, with our words for it.
        case proxyFails(String, variable: String, String)
        /// The connection ended before the answer did.
        case cut
        /// The certificate or the handshake was refused.
        case notSecure(Insecurity)
        /// The answer is no HTTP.
        case malformedAnswer
        /// Plain http where only https may be.
        case plainHTTP
        /// An address that nothing is fetched from, with the name of its range.
        case refusedAddress(String, range: String)
        case tooManyRedirects(limit: Int)
        /// A redirect that cannot be followed, with where it points.
        case refusedRedirect(to: String)
    }

    package let url: RemoteURL
    package let purpose: TransportRequest.Purpose
    package let reason: Reason
    /// The registry that was talked with, or whose answer named the URL.
    package let registry: RemoteURL.Origin?

    package init(
        _ reason: Reason,
        _ url: RemoteURL,
        for purpose: TransportRequest.Purpose,
        registry: RemoteURL.Origin? = nil
    ) {
        self.registry = registry
        self.reason = reason
        self.url = url
        self.purpose = purpose
    }

    /// Whether the same request may well succeed a moment later.
    package var isTransient: Bool {
        switch reason {
        case .noConnection, .timedOut, .cut, .malformedAnswer: true
        case .unknownHost, .notSecure, .plainHTTP, .refusedAddress, .tooManyRedirects, .refusedRedirect: false
        case .tookTooLong, .proxyFails: false
        }
    }

    /// Whether nothing of the request can have reached anybody.
    package var isBeforeSending: Bool {
        switch reason {
        case .unknownHost, .noConnection, .timedOut(.name), .timedOut(.connect), .timedOut(.secure): true
        case .notSecure, .plainHTTP, .refusedAddress, .proxyFails: true
        case .timedOut(.answer), .tookTooLong, .cut, .malformedAnswer, .tooManyRedirects, .refusedRedirect: false
        }
    }

    package var code: ErrorCode {
        switch purpose {
        case .registry: .registryUnreachable
        case .artifact: .download
        case .image: .imagePull
        }
    }

    package var message: String {
        switch reason {
        case .unknownHost: "cannot reach `\(url)`: no address for `\(url.host)`"
        case .noConnection(let words): "cannot reach `\(url)`: \(PrintableText(words, limit: 200))"
        case .tookTooLong(let limit): "`\(url)` took longer than \(limit.components.seconds) seconds in all"
        case .proxyFails(let proxy, let variable, let words):
            "cannot reach `\(url)` through the proxy `\(proxy)` of `\(variable)`: \(PrintableText(words, limit: 200))"
        case .timedOut(let step): "cannot reach `\(url)`: timed out while \(step.rawValue)"
        case .cut: "the connection to `\(url)` was closed before the end of the answer"
        case .notSecure(let trouble): "no secure connection to `\(url)`: \(trouble.words)"
        case .malformedAnswer: "`\(url)` did not answer in HTTP"
        case .plainHTTP: "`\(url)` is plain http, which is only for this machine itself"
        case .refusedAddress(let address, let range):
            "`\(url)` leads to \(address), \(range), where nothing is fetched from"
        case .tooManyRedirects(let limit): "`\(url)` redirects more than \(limit) times"
        case .refusedRedirect(let target):
            "`\(url)` redirects to `\(PrintableText(target, limit: 200))`, which is not followed"
        }
    }

    package var hints: [String] {
        switch (reason, purpose) {
        case (.unknownHost, .registry), (.noConnection, .registry), (.timedOut, .registry):
            ["check the network connection; `iii registry list` shows which registry is asked"]
        case (.unknownHost, _), (.noConnection, _), (.timedOut, _), (.cut, _):
            ["check the network connection, then run the command again"]
        case (.notSecure(let trouble), _): [trouble.hint]
        case (.tookTooLong, _): ["give it more time with `--timeout`, such as `--timeout 1h`"]
        case (.proxyFails(_, let variable, _), _):
            ["correct `\(variable)`, or list `\(url.host)` in `NO_PROXY` if it can be reached directly"]
        case (.plainHTTP, .image): ["use https, or add `\(url.host)` to `III_INSECURE_REGISTRIES`"]
        case (.refusedAddress, .image):
            ["a registry in a private network is one to log in to: `iii registry login \(url.host) --username NAME`"]
        case (.plainHTTP, _) where registry == url.origin:
            [
                "use https; or list `\(url.origin)` with `insecure: true` under `registries:` of ~/.iii/settings.yaml, "
                    + "where whoever is on the way reads and changes what is sent"
            ]
        case (.plainHTTP, _):
            ["use https; for a test on this machine, `III_BUNDLE_DEV_LOOPBACK=1` allows http on loopback addresses"]
        case (.refusedAddress, _) where registry?.host == url.host:
            [
                "this comes from the registry `\(registry?.description ?? "")`, which nobody here has named: if it is yours, "
                    + "`iii registry trust \(registry?.description ?? "")` lets this machine use its own addresses"
            ]
        case (.refusedAddress, _):
            [
                "ask the publisher for a public URL",
                "for a test on this machine, `III_BUNDLE_DEV_LOOPBACK=1` allows loopback addresses",
            ]
        case (.malformedAnswer, _), (.tooManyRedirects, _), (.refusedRedirect, _):
            ["tell whoever runs `\(url.host)`"]
        }
    }

    package var details: [(key: String, value: String)] { [("url", url.description)] }
}
