// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import RegistryAPI
import RegistryStorage
import WorkerModel

/// Tells the users of a worker, or of some of its versions, to leave it; nothing resolves otherwise than before.
package struct DeprecateWorker: Sendable {
    /// The most ranges of one worker about which something is said.
    private static let ranges = 32

    let changes: WorkerChanges

    /// Sets, or with an empty message takes back, what is said.
    ///
    /// Without `versions` an empty message takes everything back.
    ///
    /// - Throws: `RegistryServiceError`.
    package func callAsFunction(
        _ name: String,
        _ request: DeprecateRequest,
        by caller: Caller
    ) async throws -> DeprecationList {
        let versions = try Self.range(request.versions)
        let message = try ShortText.read(request.message, path: "$.message")
        return try await changes(name, by: caller, .yank) { change in
            var hasChanged = false
            if message.isEmpty {
                hasChanged = try change.takeBack(versions)
            } else {
                try change.deprecate(versions, message, request.replacement)
                hasChanged = true
            }
            let deprecations = try change.session.deprecations(of: change.worker)
            return DeprecationList(deprecations.map(DeprecationNotice.init), hasChanged: hasChanged)
        }
    }

    /// Nil for all versions.
    private static func range(_ text: String?) throws(RegistryServiceError) -> VersionRequirement? {
        guard let text else { return nil }
        let range: VersionRequirement
        do throws(VersionError) {
            range = try VersionRequirement(parsing: text)
        } catch {
            let problem = PublicationProblem(path: "$.versions", reason: "is not a range: \(error.message)")
            throw .invalidRequest([problem])
        }
        return range == .any ? nil : range
    }

    fileprivate static func expect(_ change: WorkerChange, replacement: WorkerName?, _ count: Int) throws {
        var problems: [PublicationProblem] = []
        if let replacement {
            if replacement == change.worker {
                problems.append(PublicationProblem(path: "$.replacement", reason: "is the worker itself"))
            } else if try change.session.worker(replacement) == nil {
                let reason = "is not in the registry: `\(replacement)`"
                problems.append(PublicationProblem(path: "$.replacement", reason: reason))
            }
        }
        if count >= ranges {
            let reason = "cannot be one more: the worker has messages for \(ranges) ranges"
            problems.append(PublicationProblem(path: "$.versions", reason: reason))
        }
        if !problems.isEmpty { throw RegistryServiceError.invalidRequest(problems) }
    }
}

extension WorkerChange {
    fileprivate func deprecate(
        _ versions: VersionRequirement?,
        _ message: String,
        _ replacement: WorkerName?
    ) throws {
        let others = try session.deprecations(of: worker).filter { $0.versions != versions }
        try DeprecateWorker.expect(self, replacement: replacement, others.count)
        let deprecation = Deprecation(versions: versions, message: message, replacement: replacement, at: now)
        try session.setDeprecation(deprecation, of: worker)
        var details: JSONObject = ["message": .string(message)]
        details["replacement"] = replacement.map { .string($0.description) }
        details["versions"] = versions.map { .string($0.description) }
        try record(.deprecated, nil, details)
    }

    fileprivate func takeBack(_ versions: VersionRequirement?) throws -> Bool {
        guard try session.removeDeprecations(of: worker, for: versions) else { return false }
        var details = JSONObject()
        details["versions"] = versions.map { .string($0.description) }
        try record(.undeprecated, nil, details)
        return true
    }
}

extension DeprecationNotice {
    init(_ deprecation: Deprecation) {
        self.init(
            message: deprecation.message,
            replacement: deprecation.replacement,
            versions: deprecation.versions?.description
        )
    }

    /// What is said of one version: the first that is about it.
    init?(of version: SemanticVersion, among deprecations: [Deprecation]) {
        guard let found = deprecations.first(where: { $0.concerns(version) }) else { return nil }
        self.init(found)
    }
}
