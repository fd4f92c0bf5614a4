// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import RegistryAPI
import RegistryStorage
import WorkerModel

/// Reads what somebody wants of a new key, and finds everything that is wrong with it.
struct KeyRequestReader {
    static let longestLabel = 200
    static let mostPatterns = 32

    private let request: NewKeyRequest
    private let model: APIKey
    private var problems: [PublicationProblem] = []

    /// What the request leaves out is taken from `model`, but for `admin`.
    init(_ request: NewKeyRequest, from model: APIKey) {
        self.request = request
        self.model = model
    }

    /// - Throws: `RegistryServiceError.invalidRequest`.
    func key(hash: Digest, at now: Timestamp) throws(RegistryServiceError) -> APIKey {
        var reader = self
        let key = APIKey(
            hash: hash,
            account: model.account,
            label: reader.label(),
            scopes: reader.scopes(),
            patterns: reader.patterns(),
            createdAt: now,
            expiresAt: reader.expiry(after: now)
        )
        if !reader.problems.isEmpty { throw .invalidRequest(reader.problems) }
        return key
    }

    private mutating func refuse(_ path: String, _ reason: String) {
        problems.append(PublicationProblem(path: path, reason: reason))
    }

    private mutating func label() -> String {
        let label = request.label
        if label.utf8.count > Self.longestLabel { refuse("$.label", "is longer than \(Self.longestLabel) bytes") }
        if label.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            refuse("$.label", "has control characters")
        }
        return label
    }

    private mutating func scopes() -> Set<KeyScope> {
        guard let names = request.scopes else {
            return model.scopes.contains(.admin) ? Keys.standardScopes : model.scopes
        }
        if names.isEmpty { refuse("$.scopes", "names no scope: the key would be good for nothing") }
        var scopes: Set<KeyScope> = []
        for (index, name) in names.enumerated() {
            if let scope = KeyScope(rawValue: name) {
                scopes.insert(scope)
            } else {
                let known = KeyScope.allCases.map(\.rawValue).joined(separator: ", ")
                refuse("$.scopes[\(index)]", "`\(PrintableText(name, limit: 40))` is not one of \(known)")
            }
        }
        return scopes
    }

    private mutating func patterns() -> [NamePattern] {
        guard let names = request.names else { return model.patterns }
        if names.count > Self.mostPatterns { refuse("$.names", "has more than \(Self.mostPatterns) patterns") }
        var patterns: Set<NamePattern> = []
        for (index, name) in names.enumerated() {
            do throws(NamePatternError) {
                patterns.insert(try NamePattern(parsing: name))
            } catch { refuse("$.names[\(index)]", "is refused: \(error.message)") }
        }
        return patterns.sorted()
    }

    private mutating func expiry(after now: Timestamp) -> Timestamp? {
        guard let text = request.expiresAt else { return model.expiresAt }
        do throws(TimestampError) {
            let end = try Timestamp(parsing: text)
            if end <= now { refuse("$.expires_at", "is in the past") }
            return end
        } catch { refuse("$.expires_at", "is refused: \(error.message)") }
        return nil
    }
}
