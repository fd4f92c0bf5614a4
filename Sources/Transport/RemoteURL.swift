// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// An absolute http or https URL, read strictly and kept in one form, so that two readers cannot see two hosts in it.
///
/// It has no user information (such a URL is refused) and no fragment (dropped). Printing it leaves out the query,
/// which may hold a signature; `wireText` has it.
package struct RemoteURL: Hashable, Sendable {
    package enum Scheme: String, Sendable {
        case http, https

        package var defaultPort: UInt16 { self == .http ? 80 : 443 }
    }

    package enum Host: Hashable, Sendable, CustomStringConvertible {
        /// Lower case, without a trailing dot.
        case name(String)
        case address(IPAddress)

        /// As it stands in a URL.
        package var description: String {
            switch self {
            case .name(let name): name
            case .address(.v4(let value)): IPAddress.v4(value).description
            case .address(let address): "[\(address)]"
            }
        }
    }

    /// What has to be equal for credentials to go along.
    package struct Origin: Hashable, Sendable, CustomStringConvertible {
        package let scheme: Scheme
        package let host: Host
        package let port: UInt16

        /// The port is left out where it is the scheme's own.
        package var description: String {
            "\(scheme.rawValue)://\(host)" + (port == scheme.defaultPort ? "" : ":\(port)")
        }
    }

    package let origin: Origin
    /// Percent-encoded, starts with `/`, without `.` and `..` components.
    package let path: String
    /// Percent-encoded, without the `?`.
    package let query: String?

    init(origin: Origin, path: String, query: String?) {
        self.origin = origin
        self.path = path
        self.query = query
    }

    package var host: Host { origin.host }
    package var scheme: Scheme { origin.scheme }

    /// Path and query, as a request line has them.
    package var target: String { path + (query.map { "?" + $0 } ?? "") }

    /// The whole URL, query included: to be sent, never to be shown.
    package var wireText: String { origin.description + target }
}

extension RemoteURL: CustomStringConvertible {
    /// The URL without its query.
    package var description: String { origin.description + path }
}
