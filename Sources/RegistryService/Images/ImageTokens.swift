// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Crypto
package import Diagnostics
import JSONText
import RegistryStorage
import Synchronization
package import WorkerModel

/// Tokens that clients of images get for a key, or for none, and show instead of it for five minutes.
///
/// A token says whose key it stands for and what it is good for; the registry keeps nothing of it. What the key may do is
/// asked anew for each request.
package final class ImageTokens: Sendable {
    /// How long a token is good.
    package static let lifetime = Duration.seconds(300)
    private static let secretName = "image-tokens"
    /// The most scopes that one token is for.
    private static let mostScopes = 64

    /// What a client may do with a repository.
    package enum Action: String, Hashable, Sendable {
        case pull
        case push
        case delete
    }

    /// What a token is good for in one repository.
    package struct Scope: Hashable, Sendable {
        /// The name of the repository.
        package let repository: String
        /// What may be done there.
        package let actions: Set<Action>

        /// Reads `repository:NAME:pull,push`; nil for anything else.
        package init?(parsing text: some StringProtocol) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0] == "repository", let name = try? RepositoryName(parsing: parts[1]) else {
                return nil
            }
            repository = name.description
            actions = Set(
                parts[2].split(separator: ",").flatMap { $0 == "*" ? [.pull, .push, .delete] : Self.action($0) }
            )
        }

        init(repository: String, actions: Set<Action>) {
            self.repository = repository
            self.actions = actions
        }

        private static func action(_ text: some StringProtocol) -> [Action] {
            Action(rawValue: String(text)).map { [$0] } ?? []
        }
    }

    /// Who shows a token, and what for.
    package struct Holder: Sendable {
        /// Nil for anybody.
        package let caller: Caller?
        let scopes: [Scope]

        /// Whether the token was made for this.
        package func may(_ action: Action, in repository: RepositoryName) -> Bool {
            scopes.contains { $0.repository == repository.description && $0.actions.contains(action) }
        }
    }

    private let store: any RegistryStore
    private let keys: Keys
    private let surroundings: Surroundings
    private let secret = Mutex<SymmetricKey?>(nil)

    init(store: any RegistryStore, keys: Keys, surroundings: Surroundings) {
        self.store = store
        self.keys = keys
        self.surroundings = surroundings
    }

    /// Makes a token for a caller, or for anybody, who can only pull.
    package func token(for caller: Caller?, _ scopes: [Scope]) async throws -> String {
        let end = surroundings.now().adding(Self.lifetime)
        let granted = scopes.prefix(Self.mostScopes).map { scope in
            let actions = caller == nil ? scope.actions.intersection([.pull]) : scope.actions
            return JSONValue.array([.string(scope.repository)] + actions.map(\.rawValue).sorted().map(JSONValue.string))
        }
        let claims: JSONValue = [
            "key": .string(caller?.key.hash.description ?? ""), "end": .number(JSONNumber(end.milliseconds)),
            "for": .array(Array(granted)),
        ]
        let body = Base64.text(claims.bytes())
        let code = HMAC<SHA256>.authenticationCode(for: Array(body.utf8), using: try await key())
        return body + "." + Base64.text(Array(code))
    }

    /// Who shows a token.
    ///
    /// - Throws: `RegistryServiceError.tokenInvalid` for one that was never made here or is over; what `Keys.caller`
    ///   throws of its key.
    package func holder(of token: Redacted<String>) async throws -> Holder {
        let parts = token.exposed.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, token.exposed.utf8.count <= 32 << 10, let code = Base64.decode(String(parts[1])),
            HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Array(parts[0].utf8), using: try await key()),
            let bytes = Base64.decode(String(parts[0])), let claims = try? JSONCursor(JSONValue(parsing: bytes)),
            let end = try? claims.required("end").integer(), let hash = try? claims.required("key").string(),
            let granted = try? claims.required("for").elements()
        else { throw RegistryServiceError.tokenInvalid }
        guard surroundings.now().milliseconds < end else { throw RegistryServiceError.tokenInvalid }
        let scopes = granted.compactMap { item -> Scope? in
            guard let words = try? item.elements().map({ try $0.string() }), let name = words.first else { return nil }
            return Scope(repository: name, actions: Set(words.dropFirst().compactMap(Action.init)))
        }
        let caller = hash.isEmpty ? nil : try await keys.caller(holding: Digest(parsing: hash))
        return Holder(caller: caller, scopes: scopes)
    }

    /// The secret that tokens are made with, the same for all servers of the registry.
    private func key() async throws -> SymmetricKey {
        if let known = secret.withLock({ $0 }) { return known }
        let fresh = surroundings.randomBytes(32)
        let kept = try await store.write { session in
            try session.keepSecret(fresh, as: Self.secretName)
            return try session.secret(Self.secretName) ?? fresh
        }
        let key = SymmetricKey(data: kept)
        secret.withLock { $0 = key }
        return key
    }
}
