// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// Where the server listens: `127.0.0.1:8080`, `[::1]:8080`, `localhost:0`.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    package static let standard = ListenAddress(host: "127.0.0.1", port: 8080)

    /// A name or an address, IPv6 without brackets.
    package let host: String
    /// 0 lets the system choose one.
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT`, with brackets around an IPv6 address.
    ///
    /// - Throws: `ListenAddressError`.
    package init(parsing text: String) throws(ListenAddressError) {
        guard let colon = text.lastIndex(of: ":") else { throw ListenAddressError(text: text) }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw ListenAddressError(text: text)
        }
        let digits = text[text.index(after: colon)...]
        guard !host.isEmpty, !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(digits), port <= 65_535
        else { throw ListenAddressError(text: text) }
        self.init(host: String(host), port: port)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether this means every address of the machine.
    package var isWildcard: Bool { ["0.0.0.0", "::", "::0"].contains(host) }

    /// Where a client on this machine finds a server that listens here on `port`.
    package func localURL(port: Int, scheme: String = "http") -> String {
        switch host {
        case "0.0.0.0": "\(scheme)://127.0.0.1:\(port)"
        case "::", "::0": "\(scheme)://[::1]:\(port)"
        default: "\(scheme)://\(ListenAddress(host: host, port: port))"
        }
    }
}

/// Why a text is no address to listen at.
///
/// W101.
package struct ListenAddressError: CodedError, Hashable {
    package let text: String

    package var code: ErrorCode { .invalidSource }
    package var message: String { "`\(PrintableText(text, limit: 100))` is not an address to listen at" }
    package var hints: [String] {
        ["write `HOST:PORT`, such as `127.0.0.1:8080` or `[::1]:8080`; port 0 takes a free one"]
    }
}
