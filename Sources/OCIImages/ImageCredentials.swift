// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import JSONText

/// A user's name and password, or token, at registries of images.
///
/// Shape of `~/.docker/config.json`:
///
///     {"auths": {"ghcr.io": {"auth": "<base64 of user:password>"}}, "credHelpers": {"HOST": "NAME"}, "credsStore": "NAME"}
package struct ImageCredentials: Sendable {
    /// Asks the program `docker-credential-NAME` for the account at a server; nil where it keeps none.
    package typealias Helper =
        @Sendable (_ name: String, _ server: String) async throws -> (user: String, password: Redacted<String>)?

    package static let none = ImageCredentials()

    /// Host, with its port where it has one, to the base64 text of `user:password`.
    private var accounts: [String: Redacted<String>] = [:]
    /// The accounts of our own command, which win over all others.
    private var own: [String: Redacted<String>] = [:]
    /// Host to the name of the program that keeps its account.
    private var helpers: [String: String] = [:]
    /// The program that keeps all other accounts.
    private var store: String?
    private var helper: Helper = { _, _ in nil }

    private init() {}

    /// Reads the file of Docker's command line.
    ///
    /// Programs that keep accounts are asked when a registry wants to know, and not before.
    ///
    /// - Throws: `OCIImageError.credentialsUnreadable`.
    package init(parsing bytes: [UInt8], from path: String, asking helper: @escaping Helper = { _, _ in nil }) throws {
        self.helper = helper
        do {
            let document = JSONCursor(try JSONValue(parsing: bytes))
            for (host, entry) in try document.optional("auths")?.members() ?? [] {
                guard let text = try entry.optional("auth")?.string(), !text.isEmpty else { continue }
                accounts[Self.host(of: host)] = Redacted(text)
            }
            for (host, name) in try document.optional("credHelpers")?.members() ?? [] {
                helpers[Self.host(of: host)] = try name.string()
            }
            store = try document.optional("credsStore")?.string()
            if store?.isEmpty == true { store = nil }
        } catch { throw OCIImageError.credentialsUnreadable(path: path, reason: "\(error)") }
    }

    /// The same, and an account at `host`, which wins over the one that was known.
    package func adding(_ user: String, _ password: Redacted<String>, at host: String) -> ImageCredentials {
        var result = self
        result.own[host] = Self.text(user, password)
        return result
    }

    /// Where there are accounts, as far as files tell.
    package var hosts: [String] { Set(accounts.keys).union(own.keys).union(helpers.keys).sorted() }

    /// The value of an `Authorization` header of the Basic scheme; nil where there is no account.
    ///
    /// - Throws: what asking a program throws.
    func basic(for host: String) async throws -> Redacted<String>? {
        if let account = own[host] { return Self.header(account) }
        if let name = helpers[host] ?? store,
            // Docker's own registry goes by the name that it had first.
            let account = try await helper(name, host == "docker.io" ? "https://index.docker.io/v1/" : host)
        {
            return Self.header(Self.text(account.user, account.password))
        }
        return accounts[host].map(Self.header)
    }

    private static func header(_ text: Redacted<String>) -> Redacted<String> { Redacted("Basic \(text.exposed)") }

    private static func text(_ user: String, _ password: Redacted<String>) -> Redacted<String> {
        Redacted(Base64.encode(Array("\(user):\(password.exposed)".utf8)))
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
