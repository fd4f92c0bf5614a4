// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import Transport
import WorkerModel

/// Which proxy stands between this machine and others, as the usual environment variables say.
///
/// `HTTPS_PROXY` is for https URLs, `HTTP_PROXY` for http URLs, `ALL_PROXY` for those that have none of their own. A value is
/// `http://[USER:PASSWORD@]HOST[:PORT]`, `HOST:PORT`, or `socks5://HOST[:PORT]`. `NO_PROXY` lists, with commas between, hosts
/// that are reached directly: names (with all names below them), addresses, networks (`10.0.0.0/8`), each with an
/// optional `:PORT`; or `*` for all. This machine itself is always reached directly.
package struct ProxySettings: Sendable {
    /// One proxy, with the variable that names it.
    package struct Proxy: Sendable {
        package enum Kind: Sendable {
            /// HTTP's CONNECT, with `USER:PASSWORD` in base64 where there is an account.
            case connect(account: Redacted<String>?)
            case socks
        }

        package let kind: Kind
        package let host: RemoteURL.Host
        package let port: UInt16
        /// The environment variable that names it.
        package let variable: String

        /// As a user may see it: without an account.
        package var description: String {
            if case .socks = kind { "socks5://\(host):\(port)" } else { "http://\(host):\(port)" }
        }
    }

    package static let none = ProxySettings()

    package let https: Proxy?
    package let http: Proxy?
    private let exceptions: [ProxyException]
    /// The text of `NO_PROXY`; nil where it says nothing.
    package let exceptionsText: String?

    private init() { (https, http, exceptions, exceptionsText) = (nil, nil, [], nil) }

    /// Reads the variables.
    ///
    /// - Parameter lookUp: the value of a variable by its name in capitals, whichever case it is set in; nil where it is
    ///   unset.
    /// - Throws: `ProxySettingsError` for a value that names no proxy.
    package init(_ lookUp: (_ variable: String) -> String?) throws(ProxySettingsError) {
        func proxy(_ variables: [String]) throws(ProxySettingsError) -> Proxy? {
            for variable in variables {
                guard let text = lookUp(variable), !text.isEmpty else { continue }
                return try Proxy(parsing: text, from: variable)
            }
            return nil
        }
        https = try proxy(["HTTPS_PROXY", "ALL_PROXY"])
        http = try proxy(["HTTP_PROXY", "ALL_PROXY"])
        let text = lookUp("NO_PROXY") ?? ""
        exceptionsText = text.isEmpty ? nil : text
        exceptions = text.split { $0 == "," || $0 == " " || $0 == "\t" }.compactMap { ProxyException(parsing: $0) }
    }

    /// The proxy that a URL is asked for through; nil where its server is reached directly.
    package func proxy(for url: RemoteURL) -> Proxy? {
        if url.host.isThisMachine { return nil }
        guard let proxy = url.scheme == .https ? https : http else { return nil }
        return exceptions.contains { $0.covers(url.origin) } ? nil : proxy
    }
}

extension ProxySettings.Proxy: Hashable {
    /// A variable names one proxy with one account.
    package static func == (left: Self, right: Self) -> Bool {
        left.variable == right.variable && left.host == right.host && left.port == right.port
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(variable)
        hasher.combine(host)
        hasher.combine(port)
    }
}

extension ProxySettings.Proxy {
    fileprivate init(parsing text: String, from variable: String) throws(ProxySettingsError) {
        func fail(_ reason: ProxySettingsError.Reason) -> ProxySettingsError { ProxySettingsError(variable, reason) }
        let (scheme, rest) = Self.split(text)
        guard ["http", "socks5", "socks5h"].contains(scheme) else { throw fail(.scheme(scheme)) }
        let isSOCKS = scheme != "http"
        var authority = rest.prefix { !"/?#".contains($0) }
        var account: Substring?
        if let at = authority.lastIndex(of: "@") {
            account = authority[..<at]
            authority = authority[authority.index(after: at)...]
        }
        if isSOCKS, account != nil { throw fail(.account) }
        let origin: RemoteURL.Origin
        do { origin = try RemoteURL(parsing: "http://\(authority)").origin } catch { throw fail(.host) }
        let hasPort = authority.last != "]" && authority.contains(":") && !authority.hasSuffix(":")
        host = origin.host
        port = hasPort ? origin.port : isSOCKS ? 1080 : 80
        kind = isSOCKS ? .socks : .connect(account: account.map(Self.encoded))
        self.variable = variable
    }

    /// The scheme, `http` where there is none, and what follows.
    private static func split(_ text: String) -> (scheme: String, rest: Substring) {
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 ? (parts[0].lowercased(), parts[1]) : ("http", text[...])
    }

    /// `USER:PASSWORD` of a URL, where it stands percent-encoded, as the Basic scheme takes it.
    private static func encoded(_ account: Substring) -> Redacted<String> {
        let parts = account.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let decoded = parts.map { PercentEncoding.decode($0) ?? String($0) }
        return Redacted(Base64.text(Array("\(decoded[0]):\(decoded.count > 1 ? decoded[1] : "")".utf8)))
    }
}

/// One entry of `NO_PROXY`.
private struct ProxyException: Sendable {
    private enum Hosts: Sendable {
        case all
        case name(String)
        /// The addresses that share the first `bits` bits.
        case network(IPAddress, bits: Int)
    }

    private let hosts: Hosts
    private let port: UInt16?

    /// Nil for what is no host: it excepts nothing.
    init?(parsing text: Substring) {
        var host = text
        port = Self.takePort(from: &host)
        if host == "*" {
            hosts = .all
            return
        }
        if let slash = host.firstIndex(of: "/") {
            guard let address = IPAddress(host[..<slash]), let bits = Int(host[host.index(after: slash)...]),
                (0...address.bitWidth).contains(bits)
            else { return nil }
            hosts = .network(address, bits: bits)
            return
        }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host
        if let address = IPAddress(bare) {
            hosts = .network(address, bits: address.bitWidth)
            return
        }
        var name = bare.lowercased()
        if name.hasPrefix("*.") { name.removeFirst() }
        if name.hasPrefix(".") { name.removeFirst() }
        if name.hasSuffix(".") { name.removeLast() }
        guard !name.isEmpty else { return nil }
        hosts = .name(name)
    }

    func covers(_ origin: RemoteURL.Origin) -> Bool {
        if let port, port != origin.port { return false }
        switch (hosts, origin.host) {
        case (.all, _): return true
        case (.name(let name), .name(let host)): return host == name || host.hasSuffix("." + name)
        case (.network(let network, let bits), .address(let address)):
            return address.sharesPrefix(with: network, bits: bits)
        default: return false
        }
    }

    /// The port behind the last colon, which is none in a bare IPv6 address.
    private static func takePort(from text: inout Substring) -> UInt16? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = text[..<colon]
        guard !host.contains(":") || host.hasSuffix("]") else { return nil }
        text = host
        return port
    }
}

extension IPAddress {
    fileprivate var bitWidth: Int {
        if case .v4 = self { 32 } else { 128 }
    }

    fileprivate func sharesPrefix(with other: IPAddress, bits: Int) -> Bool {
        switch (self, other) {
        case (.v4(let a), .v4(let b)): return bits == 0 || (a ^ b) >> UInt32(32 - bits) == 0
        case (.v6(let a, let c), .v6(let b, let d)):
            if bits <= 64 { return bits == 0 || (a ^ b) >> UInt64(64 - bits) == 0 }
            return a == b && (c ^ d) >> UInt64(128 - bits) == 0
        default: return false
        }
    }
}

/// A variable that should name a proxy does not.
///
/// W133.
package struct ProxySettingsError: CodedError {
    package enum Reason: Sendable, Hashable {
        case scheme(String)
        case host
        case account
    }

    package let variable: String
    package let reason: Reason

    init(_ variable: String, _ reason: Reason) {
        self.variable = variable
        self.reason = reason
    }

    package var code: ErrorCode { .invalidSetting }

    package var message: String {
        switch reason {
        case .scheme(let scheme):
            "`\(variable)` names a proxy with the scheme `\(PrintableText(scheme, limit: 40))`, which is not supported"
        case .host: "`\(variable)` does not name the host of a proxy"
        case .account: "`\(variable)` names a SOCKS proxy with an account, which is not supported"
        }
    }

    package var hints: [String] {
        [
            "write it as `http://HOST:PORT`, `http://USER:PASSWORD@HOST:PORT` or `socks5://HOST:PORT`, or unset `\(variable)`"
        ]
    }

    package var details: [(key: String, value: String)] { [("variable", variable)] }
}
