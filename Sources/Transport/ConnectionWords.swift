// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What goes wrong with connections, in words for people.
extension IOError: PlainlyWorded {
    var plainWords: String {
        switch errnoCode {
        case ECONNREFUSED: "the connection was refused"
        case ENETUNREACH, EHOSTUNREACH: "there is no route to it"
        case ETIMEDOUT: "nobody answered in time"
        case ECONNRESET, EPIPE, ECONNABORTED: "the connection was closed by the other side"
        case EADDRNOTAVAIL: "this machine has no such address"
        case EADDRINUSE: "another program listens there"
        case EACCES: "it is not permitted to this user"
        // Safety: the text is the C library's own and is copied at once.
        default: String(cString: strerror(errnoCode)).lowercased()
        }
    }
}

extension ChannelError: PlainlyWorded {
    var plainWords: String {
        switch self {
        case .connectTimeout: "nobody answered in time"
        case .ioOnClosedChannel, .alreadyClosed, .outputClosed, .inputClosed, .eof: "the connection was closed"
        default: "the connection failed"
        }
    }
}

extension SocketAddressError: PlainlyWorded {
    var plainWords: String {
        switch self {
        case .unknown(let host, _): "there is no address for `\(host.printable)`"
        case .unixDomainSocketPathTooLong: "the path of the socket is too long"
        default: "it is no address"
        }
    }
}
