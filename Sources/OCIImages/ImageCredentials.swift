// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import JSONText

/// A user's name and password, or token, at registries of images.
///
/// Shape of `~/.docker/config.json`: `{"auths": {"ghcr.io": {"auth": "<base64 of user:password>"}}}`.
package struct ImageCredentials: Sendable {
    package static let none = ImageCredentials(accounts: [:])

    /// Host, with its port where it has one, to the base64 text of `user:password`.
    private let accounts: [String: Redacted<String>]

    private init(accounts: [String: Redacted<String>]) { self.accounts = accounts }

    /// Reads the file of Docker's command line.
    ///
    /// Entries without an `auth` are left to credential helpers, which are not asked.
    ///
    /// - Throws: `OCIImageError.credentialsUnreadable`.
    package init(parsing bytes: [UInt8], from path: String) throws {
        do {
            let document = JSONCursor(try JSONValue(parsing: bytes))
            var accounts: [String: Redacted<String>] = [:]
            for (host, entry) in try document.optional("auths")?.members() ?? [] {
                guard let text = try entry.optional("auth")?.string(), !text.isEmpty else { continue }
                accounts[Self.host(of: host)] = Redacted(text)
            }
            self.accounts = accounts
        } catch { throw OCIImageError.credentialsUnreadable(path: path, reason: "\(error)") }
    }

    /// The same, and an account at `host`, which wins over the one that was known.
    package func adding(_ user: String, _ password: Redacted<String>, at host: String) -> ImageCredentials {
        var accounts = accounts
        accounts[host] = Redacted(Base64.encode(Array("\(user):\(password.exposed)".utf8)))
        return ImageCredentials(accounts: accounts)
    }

    /// Where there are accounts.
    package var hosts: [String] { accounts.keys.sorted() }

    /// The value of an `Authorization` header of the Basic scheme; nil where there is no account.
    func basic(for host: String) -> Redacted<String>? {
        accounts[host].map { Redacted("Basic \($0.exposed)") }
    }

    /// Old entries are whole URLs, `https://index.docker.io/v1/` among them.
    private static func host(of key: String) -> String {
        var rest = key[...]
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        let host = String(rest.prefix { $0 != "/" })
        return host == "index.docker.io" ? "docker.io" : host
    }
}

/// The text form of bytes that HTTP's Basic scheme takes (RFC 4648 §4).
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    static func encode(_ bytes: [UInt8]) -> String {
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : "=")
            }
        }
        return text
    }
}
