// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import JSONText
import WorkerModel

/// A user's name and password, or token, at registries of images.
///
/// Shape of the files of docker (`config.json`) and of podman, skopeo and buildah (`auth.json`):
///
///     {"auths": {"ghcr.io": {"auth": "<base64 of user:password>"}}, "credHelpers": {"HOST": "NAME"}, "credsStore": "NAME"}
///
/// A key of `auths` is a host, a whole URL of one, or a host with the beginning of a path (`HOST/TEAM`), which wins over
/// the host alone. In place of `auth` an entry may have `username` and `password`, or `identitytoken`.
package struct ImageCredentials: Sendable {
    /// Asks the program `docker-credential-NAME` for the account at a server; nil where it keeps none.
    package typealias Helper =
        @Sendable (_ name: String, _ server: String) async throws -> (user: String, password: Redacted<String>)?

    /// How somebody is known at a registry.
    enum Account: Sendable {
        /// `user:password` in base64.
        case basic(Redacted<String>)
        /// A token that the registry's token server gives others for.
        case identity(Redacted<String>)

        /// The value of an `Authorization` header; nil where only a token server can make one.
        var authorization: Redacted<String>? {
            guard case .basic(let text) = self else { return nil }
            return Redacted("Basic \(text.exposed)")
        }
    }

    package static let none = ImageCredentials()

    /// What was read, the files that win first.
    private var files: [File] = []
    /// The accounts of our own command, which win over all others.
    private var own: [String: Account] = [:]
    private var helper: Helper = { _, _ in nil }

    private init() {}

    /// Reads a file of accounts.
    ///
    /// Programs that keep accounts are asked when a registry wants to know, and not before.
    ///
    /// - Throws: `OCIImageError.credentialsUnreadable`.
    package init(parsing bytes: [UInt8], from path: String, asking helper: @escaping Helper = { _, _ in nil }) throws {
        self.helper = helper
        do { files = [try File(JSONCursor(try JSONValue(parsing: bytes)))] } catch {
            throw OCIImageError.credentialsUnreadable(path: path, reason: error.words)
        }
    }

    /// The same, and an account at `host`, which wins over those that were known.
    package func adding(_ user: String, _ password: Redacted<String>, at host: String) -> ImageCredentials {
        var result = self
        result.own[host] = .basic(Self.text(user: user, password: password))
        return result
    }

    /// The same, with what `others` have besides.
    package func addingFiles(of others: ImageCredentials) -> ImageCredentials {
        var result = self
        if files.isEmpty { result.helper = others.helper }
        result.files += others.files
        return result
    }

    /// Where there are accounts, as far as files tell.
    package var hosts: [String] {
        Set(own.keys).union(files.flatMap(\.hosts)).sorted()
    }

    /// The account for a repository; nil where there is none.
    ///
    /// - Throws: what asking a program throws.
    func account(host: String, repository: String) async throws -> Account? {
        if let account = own[host] { return account }
        for file in files {
            if let name = file.helpers[host] ?? file.store,
                // Docker's own registry goes by the name that it had first.
                let found = try await helper(name, host == "docker.io" ? "https://index.docker.io/v1/" : host)
            {
                // By this name a program says that the secret is an identity token.
                return found.user == "<token>"
                    ? .identity(found.password) : .basic(Self.text(user: found.user, password: found.password))
            }
            if let account = file.account(host: host, repository: repository) { return account }
        }
        return nil
    }

    fileprivate static func text(user: String, password: Redacted<String>) -> Redacted<String> {
        Redacted(Base64.text(Array("\(user):\(password.exposed)".utf8)))
    }
}

extension ImageCredentials {
    /// One file of accounts.
    private struct File: Sendable {
        /// Host, with its port where it has one and the beginning of a path where it has that, to the account.
        private var accounts: [String: Account] = [:]
        /// Host to the name of the program that keeps its account.
        var helpers: [String: String] = [:]
        /// The program that keeps all other accounts.
        var store: String?

        init(_ document: JSONCursor) throws {
            for (key, entry) in try document.optional("auths")?.members() ?? [] {
                if let account = try Self.account(of: entry) { accounts[Self.place(of: key)] = account }
            }
            for (key, name) in try document.optional("credHelpers")?.members() ?? [] {
                helpers[Self.place(of: key)] = try name.string()
            }
            store = try document.optional("credsStore")?.string()
            if store?.isEmpty == true { store = nil }
        }

        var hosts: Set<String> {
            Set(accounts.keys.map { String($0.prefix { $0 != "/" }) }).union(helpers.keys)
        }

        /// The account with the longest path that the repository is in.
        func account(host: String, repository: String) -> Account? {
            var place = "\(host)/\(repository)"[...]
            while true {
                if let account = accounts[String(place)] { return account }
                guard let slash = place.lastIndex(of: "/") else { return nil }
                place = place[..<slash]
            }
        }

        private static func account(of entry: JSONCursor) throws -> Account? {
            func text(_ member: String) throws -> String? {
                guard let text = try entry.optional(member)?.string(), !text.isEmpty else { return nil }
                return text
            }
            if let token = try text("identitytoken") { return .identity(Redacted(token)) }
            if let auth = try text("auth") { return .basic(Redacted(auth)) }
            guard let user = try text("username"), let password = try text("password") else { return nil }
            return .basic(ImageCredentials.text(user: user, password: Redacted(password)))
        }

        /// Old keys are whole URLs, of which the host counts; `https://index.docker.io/v1/` is Docker's own.
        private static func place(of key: String) -> String {
            for scheme in ["https://", "http://"] where key.hasPrefix(scheme) {
                return canonical(String(key.dropFirst(scheme.count).prefix { $0 != "/" }))
            }
            let parts = key.split(separator: "/", maxSplits: 1)
            guard let host = parts.first else { return key }
            let rest = parts.count == 2 && parts[1] != "v1/" && parts[1] != "v1" ? "/\(parts[1])" : ""
            return canonical(String(host)) + (rest.hasSuffix("/") ? String(rest.dropLast()) : rest)
        }

        private static func canonical(_ host: String) -> String { host == "index.docker.io" ? "docker.io" : host }
    }
}
