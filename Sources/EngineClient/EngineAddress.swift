// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import Transport

/// Where an engine listens: `host`, `host:port`, `[::1]:49134`, `ws://host:port`.
package struct EngineAddress: Sendable, Hashable, CustomStringConvertible {
    package static let standardPort = 49_134

    /// A name or an address, without brackets.
    package let host: String
    package let port: Int

    package init(host: String = "127.0.0.1", port: Int = EngineAddress.standardPort) {
        self.host = host
        self.port = port
    }

    /// Reads an address; blanks around it are ignored, the port is 49134 where there is none.
    ///
    /// - Throws: `EngineAddressError` (W101).
    package init(parsing text: some StringProtocol) throws(EngineAddressError) {
        func fail(_ reason: EngineAddressError.Reason) -> EngineAddressError {
            EngineAddressError(text: String(text), reason: reason)
        }
        var rest = text.drop { $0.isWhitespace }[...]
        while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
        var authority = String(rest)
        if let scheme = authority.firstSchemeEnd {
            guard authority.hasPrefix("ws://") else { throw fail(.scheme) }
            authority = String(authority[scheme...].prefix { $0 != "/" && $0 != "?" })
        }
        var port = ""
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { throw fail(.host) }
            host = String(authority[authority.index(after: authority.startIndex)..<close])
            port = String(authority[authority.index(after: close)...])
            guard port.isEmpty || port.hasPrefix(":") else { throw fail(.host) }
        } else {
            if authority.split(separator: ":", omittingEmptySubsequences: false).count > 2 { throw fail(.brackets) }
            host = String(authority.prefix { $0 != ":" })
            port = String(authority.dropFirst(host.count))
        }
        guard !host.isEmpty, !host.contains("/"), !host.contains("@") else { throw fail(.host) }
        guard !port.isEmpty else {
            self.port = Self.standardPort
            return
        }
        guard let number = UInt16(port.dropFirst()) else { throw fail(.port) }
        self.port = Int(number)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    package var url: String { "ws://\(description)" }

    /// Whether it is this machine's own.
    package var isLoopback: Bool { IPAddress.isLoopback(host: host) }
}

extension String {
    fileprivate var firstSchemeEnd: Index? {
        guard let colon = firstIndex(of: ":"), self[colon...].hasPrefix("://") else { return nil }
        return index(colon, offsetBy: 3)
    }
}

/// Why a text is no address of an engine.
///
/// W101.
package struct EngineAddressError: CodedError, Hashable {
    package enum Reason: Sendable, Hashable {
        case host
        case port
        case scheme
        case brackets
    }

    package let text: String
    package let reason: Reason

    package var code: ErrorCode { .invalidSource }
    package var message: String {
        let shown = "`\(PrintableText(text, limit: 120))`"
        return switch reason {
        case .host: "\(shown) names no host"
        case .port: "\(shown) has no port between 0 and 65535 after its last colon"
        case .scheme: "\(shown) is no address of an engine: the scheme is `ws`"
        case .brackets: "\(shown) needs brackets around its IPv6 address"
        }
    }
    package var hints: [String] { ["write `HOST`, `HOST:PORT`, `[ADDRESS]:PORT` or `ws://HOST:PORT`"] }
}
