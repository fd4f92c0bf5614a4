// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Transport

/// How an answer that redirects is followed.
struct Redirect {
    /// The most redirects of one request.
    static let limit = 5

    /// The request to send next.
    let request: TransportRequest

    /// The next request after an answer; nil where the answer is the last one.
    ///
    /// Credentials go along only while scheme, host and port stay. A request that changes something is repeated only where
    /// the server says so (307, 308), since the older codes would turn it into another one, and at the same origin only:
    /// nobody else can say that the registry has done it.
    ///
    /// - Throws: `refusedRedirect` for a target that is no http(s) URL, or a code that does not fit the request.
    init?(of response: TransportResponse, to sent: TransportRequest) throws(TransportError.Reason) {
        guard [301, 302, 303, 307, 308].contains(response.status), let location = response.headers["Location"] else {
            return nil
        }
        let target: RemoteURL
        do { target = try sent.url.resolving(location) } catch { throw .refusedRedirect(to: error.shown) }
        if sent.staysAtOrigin, target.origin != sent.url.origin { throw .refusedRedirect(to: target.description) }
        let reads = sent.method == .get || sent.method == .head
        let keepsMethod = reads || response.status >= 307
        guard keepsMethod, reads || target.origin == sent.url.origin else {
            throw .refusedRedirect(to: target.description)
        }
        var next = sent
        next.url = target
        if target.origin != sent.url.origin {
            next.credentials = []
            for name in ["Authorization", "Cookie", "X-API-Key"] { next.headers[name] = nil }
        }
        request = next
    }
}
