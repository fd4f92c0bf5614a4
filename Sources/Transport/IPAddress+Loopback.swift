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
