// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics

/// Why a connection cannot be made secure.
package enum Insecurity: Hashable, Sendable {
    /// The other side talks plain http.
    case plainHTTP
    /// The certificate is for other hosts than this one.
    case otherName(String)
    /// The certificate, or one of those that vouch for it, ended on a day (`2024-03-01`).
    case expired(on: String)
    /// The certificate, or one of those that vouch for it, begins on a day to come.
    case notYetValid(until: String)
    /// Nobody vouches for the certificate but itself.
    case signedByItself
    /// Who vouches for the certificate is not trusted by this machine.
    case unknownAuthority(String)
    /// The certificate is refused, and could not be looked at.
    case untrusted
    /// The two sides have no version or cipher in common.
    case noAgreement

    package var words: String {
        switch self {
        case .plainHTTP: "it answers without TLS, plain http where https was expected"
        case .otherName(let host): "the certificate is not one for `\(host)`"
        case .expired(let day): "its certificate expired on \(day)"
        case .notYetValid(let day): "its certificate is not valid before \(day)"
        case .signedByItself: "its certificate is signed by itself, and not trusted here"
        case .unknownAuthority(let name):
            "its certificate is signed by `\(PrintableText(name, limit: 80))`, which is not trusted here"
        case .untrusted: "its certificate is not trusted here"
        case .noAgreement: "the two sides agree on no way to secure it"
        }
    }

    package var hint: String {
        switch self {
        case .plainHTTP: "correct the scheme or the port of the URL"
        case .otherName: "use a name that the certificate is for, or tell whoever runs the server"
        case .expired, .notYetValid:
            "check the date of this machine; if it is right, the server needs a new certificate"
        case .signedByItself, .unknownAuthority, .untrusted:
            "if you know who runs it, name a file with the certificate to trust in `SSL_CERT_FILE`, in PEM"
        case .noAgreement: "tell whoever runs the server: TLS 1.2 or later is needed"
        }
    }
}
