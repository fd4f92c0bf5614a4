// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import NIOHTTP1
import Transport

/// The page that a browser connects for (RFC 6454), read as browsers write it: a scheme, a host in lower case, and a port.
///
/// Only browsers send an origin, and they let any page on the web connect to this machine: without this, every page that
/// its user visits could call every function.
struct WebOrigin: Sendable, Hashable {
    let host: String

    /// Nil for what no browser writes: user information, a path, a port that is none, capitals, a dot at the end.
    init?(_ text: String) {
        guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }),
            let host = Self.host(ofAuthority: text.dropFirst(scheme.count))
        else { return nil }
        self.host = host
    }

    /// The host before an optional port; nil where there is anything else.
    static func host(ofAuthority authority: some StringProtocol) -> String? {
        let bytes = Array(authority.utf8)
        let end: Int
        if bytes.first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            end = close + 1
        } else {
            end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
        }
        guard end > 0, isPort(bytes[end...]) else { return nil }
        let isHost = bytes[..<end].allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x61...0x7A: true
            default: "-._:[]".utf8.contains(byte)
            }
        }
        return isHost ? String(decoding: bytes[..<end], as: UTF8.self) : nil
    }

    private static func isPort(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let colon = bytes.first else { return true }
        let digits = bytes.dropFirst()
        guard colon == UInt8(ascii: ":"), (1...5).contains(digits.count),
            digits.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(String(decoding: digits, as: UTF8.self))
        else { return false }
        return (1...65_535).contains(port)
    }

    /// Whether a request may open a WebSocket.
    ///
    /// A page has to be of this machine, or of an origin that is allowed. And whoever comes to an address of this machine
    /// alone has to ask for it: a name of the web that leads here is one that somebody bent.
    static func isWelcome(_ headers: HTTPHeaders, to ownAddress: String?, _ allowed: Set<String>) -> Bool {
        let origins = headers["origin"]
        guard origins.count <= 1 else { return false }
        if let origin = origins.first, !allowed.contains(origin) {
            guard let page = WebOrigin(origin), isLocal(page.host) else { return false }
        }
        guard let ownAddress, IPAddress.isLoopback(host: ownAddress) else { return true }
        let hosts = headers["host"]
        guard hosts.count <= 1 else { return false }
        guard let authority = hosts.first else { return origins.isEmpty }
        guard let host = host(ofAuthority: authority.lowercased()) else { return false }
        // A name of one word is on no web.
        let isWord = !host.utf8.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") }
        return isLocal(host) || isWord || host == HostProcess.machineName?.lowercased()
    }

    private static func isLocal(_ host: String) -> Bool {
        host == "localhost" || IPAddress.isLoopback(host: host)
    }
}
