// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem

/// Whose program on this machine is at the other end of a connection.
package enum ConnectionOwner: Sendable, Hashable {
    /// The user of this process, or root.
    case ownUser
    /// Somebody else, or nobody knows.
    case other

    /// Asks the kernel's table of sockets about an open TCP connection within this machine.
    ///
    /// - Parameters:
    ///   - peer: Address and port of the other end; 4 or 16 bytes, network order.
    ///   - own: The same of this end.
    package init(peer: (address: [UInt8], port: UInt16), own: (address: [UInt8], port: UInt16)) {
        guard let user = Self.user(peer, own) else {
            self = .other
            return
        }
        self = user == 0 || user == Int64(geteuid()) ? .ownUser : .other
    }

    private static func user(
        _ peer: (address: [UInt8], port: UInt16),
        _ own: (address: [UInt8], port: UInt16)
    ) -> Int64? {
        let (near, far) = (plain(peer.address), plain(own.address))
        guard near.count == far.count, [4, 16].contains(near.count) else { return nil }
        var connection = iii_connection()
        connection.is_ipv6 = near.count == 16 ? 1 : 0
        connection.local_port = peer.port
        connection.remote_port = own.port
        // Safety: the copies stay within the 16 bytes of each member.
        withUnsafeMutableBytes(of: &connection.local_address) { $0.copyBytes(from: near) }
        withUnsafeMutableBytes(of: &connection.remote_address) { $0.copyBytes(from: far) }
        let user = iii_connection_owner(&connection)
        return user < 0 ? nil : user
    }

    /// An IPv4 address that is written as an IPv6 one, as IPv4.
    private static func plain(_ address: [UInt8]) -> [UInt8] {
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        return address.count == 16 && address.starts(with: mapped) ? Array(address.suffix(4)) : address
    }
}
