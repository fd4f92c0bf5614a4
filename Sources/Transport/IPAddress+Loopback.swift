// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension IPAddress {
    /// Whether a packet to it never leaves the machine: 127.0.0.0/8 and ::1.
    package var isLoopback: Bool {
        switch self {
        case .v4(let value): value >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        }
    }

    /// Whether the host part of an authority is this machine's own: `localhost`, or a loopback address, an IPv6 one with or
    /// without brackets.
    ///
    /// `127.0.0.1.example` is a name like any other.
    package static func isLoopback(host: some StringProtocol) -> Bool {
        if host.lowercased() == "localhost" { return true }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        return IPAddress(isBracketed ? String(host.dropFirst().dropLast()) : String(host))?.isLoopback ?? false
    }
}

extension RemoteURL.Host {
    /// Whether the host is this machine by its very text: a loopback address, or a local name.
    package var isThisMachine: Bool {
        if case .address(let address) = self { return address.isLoopback }
        return isLocalName
    }

    /// Whether the host is a name for this machine, which no name server has a say in.
    package var isLocalName: Bool {
        guard case .name(let name) = self else { return false }
        let names = ["localhost", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback"]
        return names.contains { name == $0 || name == $0 + ".localdomain" } || name.hasSuffix(".localhost")
    }
}
