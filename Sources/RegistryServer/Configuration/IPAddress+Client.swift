// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import Transport

/// Addresses as limits tell clients apart: an IPv4 address inside IPv6 (`::ffff:1.2.3.4`) is the IPv4 address.
extension IPAddress {
    /// Reads `10.0.0.1`, `2001:db8::1`; brackets and a port, as some proxies add them, are passed over.
    init?(ofClient text: String) {
        var host = text[...]
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            host = host[host.index(after: host.startIndex)..<end]
        } else if host.count(where: { $0 == ":" }) == 1, let colon = host.firstIndex(of: ":") {
            host = host[..<colon]
        }
        guard let address = IPAddress(host) else { return nil }
        self = address.unmapped
    }

    /// The address of a socket; nil for one that is none of the internet.
    init?(_ address: SocketAddress) {
        guard let text = address.ipAddress, let address = IPAddress(text) else { return nil }
        self = address.unmapped
    }

    private var unmapped: IPAddress {
        if case .v6(0, let low) = self, low >> 32 == 0xFFFF { .v4(UInt32(truncatingIfNeeded: low)) } else { self }
    }

    /// 4 or 16 bytes, the first one highest.
    var bytes: [UInt8] {
        switch self {
        case .v4(let value): withUnsafeBytes(of: value.bigEndian) { Array($0) }
        case .v6(let high, let low):
            // Safety: integers are copied byte by byte, whole.
            withUnsafeBytes(of: high.bigEndian) { Array($0) } + withUnsafeBytes(of: low.bigEndian) { Array($0) }
        }
    }

    /// What limits count as one client: the address, or of IPv6 the network of 64 bits that one client has.
    var client: String {
        guard case .v6(let high, _) = self else { return description }
        let groups = [48, 32, 16, 0].map { String(UInt16(truncatingIfNeeded: high >> UInt64($0)), radix: 16) }
        return groups.joined(separator: ":") + "::/64"
    }
}
