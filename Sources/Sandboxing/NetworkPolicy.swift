// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// A host and a port outside of a sandbox: `api.example.com:443`, `10.0.0.7:5432`, `[::1]:80`.
package struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address, without brackets.
    package let host: String
    package let port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT`; an IPv6 address stands in brackets.
    ///
    /// - Throws: `NetworkAddressError` for anything else: no scheme, no path, no range of ports, no wildcard.
    package init(parsing text: String) throws(NetworkAddressError) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            throw NetworkAddressError(text: text)
        }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        let allowed = host.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."): true
            case UInt8(ascii: "_"): !isBracketed
            case UInt8(ascii: ":"): isBracketed
            default: false
            }
        }
        guard allowed, !host.isEmpty, host.utf8.count <= 253 else { throw NetworkAddressError(text: text) }
        self.init(host: String(host), port: port)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The four numbers of an IPv4 address, nil for names and for IPv6.
    package var ipv4: [UInt8]? {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return parts.count == 4 && !parts.contains(nil) ? parts.compactMap { $0 } : nil
    }
}

/// An entry of `network: allow:` that names no address.
///
/// W130.
package struct NetworkAddressError: CodedError {
    package let text: String
    package var code: ErrorCode { .configParse }
    package var message: String { "`\(text.printable)` is not an address as `HOST:PORT`" }
    package var hints: [String] { ["write one host and one port, such as `api.example.com:443`"] }
}

/// What a sandboxed worker reaches: the engine, and what its user lists.
package struct NetworkPolicy: Hashable, Sendable {
    /// Where the host's end of the tunnel connects to for the engine.
    package var engine: NetworkAddress
    /// What `network: allow:` lists, in its order.
    package var allowed: [NetworkAddress]
    /// The path of a Unix socket where a proxy leads to the network; nil for none.
    package var proxy: String?

    package init(engine: NetworkAddress, allowed: [NetworkAddress] = []) {
        self.engine = engine
        self.allowed = allowed
    }

    /// The port on which the engine is found inside, whatever its port outside.
    package static let enginePort: UInt16 = 49_134
    /// The port on which the proxy is found inside.
    private static let proxyPort: UInt16 = 49_135
    /// What tells programs of the proxy, each in its own way.
    package var proxyVariables: [String: String] {
        if proxy == nil { return [:] }
        let url = "http://127.0.0.1:\(Self.proxyPort)"
        var variables = ["NODE_USE_ENV_PROXY": "1"]
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] { variables[name] = url }
        variables["NO_PROXY"] = "localhost,127.0.0.1,::1"
        // Some read one spelling only.
        for (name, value) in variables where name.hasSuffix("_PROXY") { variables[name.lowercased()] = value }
        return variables
    }
    /// The engine's URL inside.
    package static let engineURL = "ws://127.0.0.1:\(enginePort)"
}

/// One address that the guest listens on, and what stands behind it.
package struct TunnelRoute: Hashable, Sendable {
    /// IPv4, as numbers.
    package let inside: [UInt8]
    package let port: UInt16
    package let target: NetworkAddress
    /// The name that `/etc/hosts` of the sandbox maps to `inside`, nil where the worker uses the address itself.
    package let name: String?

    /// What the guest is told to listen on: `127.0.0.1:49134`.
    package var listener: String { inside.map(String.init).joined(separator: ".") + ":\(port)" }
}

extension NetworkPolicy {
    /// The routes, the engine's first.
    ///
    /// Each allowed name gets a loopback address of its own, from 127.0.1.1 on, but for `localhost`, which every
    /// sandbox has; an allowed IPv4 address is listened on as it is. IPv6 addresses are reached under the name `HOST` only, so they are listened on as names are.
    package var routes: [TunnelRoute] {
        var routes = [TunnelRoute(inside: [127, 0, 0, 1], port: Self.enginePort, target: engine, name: nil)]
        var addresses: [String: [UInt8]] = [:]
        for address in allowed where !routes.dropFirst().contains(where: { $0.target == address }) {
            if let own = address.host == "localhost" ? [127, 0, 0, 1] : address.ipv4 {
                routes.append(TunnelRoute(inside: own, port: address.port, target: address, name: nil))
                continue
            }
            let number = addresses.count + 1
            let inside = addresses[address.host] ?? [127, 0, UInt8(1 + number >> 8 & 0x7F), UInt8(number & 0xFF)]
            addresses[address.host] = inside
            routes.append(TunnelRoute(inside: inside, port: address.port, target: address, name: address.host))
        }
        if let proxy {
            let target = NetworkAddress(host: proxy, port: 0)
            routes.append(TunnelRoute(inside: [127, 0, 0, 1], port: Self.proxyPort, target: target, name: nil))
        }
        return routes
    }

    /// The sandbox's `/etc/hosts`.
    package var hostsFile: String {
        var lines = ["127.0.0.1 localhost", "::1 localhost", "127.0.0.1 \(SandboxSpecification.hostName)"]
        for route in routes {
            guard let name = route.name else { continue }
            let line = "\(route.inside.map(String.init).joined(separator: ".")) \(name)"
            if !lines.contains(line) { lines.append(line) }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
