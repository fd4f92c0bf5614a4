// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Transport

/// Whose word counts about where a request came from.
package struct TrustedProxies: Sendable, Hashable {
    private let networks: [IPNetwork]

    /// Nobody's.
    package init() { networks = [] }

    /// Reads addresses and networks, joined by commas: `127.0.0.1, 10.0.0.0/8, fd00::/8`.
    package init(parsing text: String) throws {
        networks = try text.split(separator: ",").map { part in
            guard let network = IPNetwork(parsing: part.trimmed) else {
                throw UnreadableValue(expected: "addresses or networks such as `10.0.0.0/8`, joined by commas")
            }
            return network
        }
    }

    func contains(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address) } }

    /// Where a request came from: the connection's own end, or, where that is a trusted proxy, the last address of
    /// `X-Forwarded-For` that is not one.
    ///
    /// What a client wrote there itself stands before what the proxies have added, and is not believed.
    func client(peer: IPAddress, forwardedFor fields: [String]) -> IPAddress {
        var client = peer
        var hops = fields.joined(separator: ",").split(separator: ",")[...]
        while contains(client), let last = hops.popLast(), let address = IPAddress(ofClient: last.trimmed) {
            client = address
        }
        return client
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
