// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
package import RegistryAPI
package import RegistryStorage
import Resolution
import WorkerModel

/// Removes a version for ever, where nobody can miss it; its number is never used again.
package struct RemoveVersion: Sendable {
    /// How long after publishing a version can be removed.
    static let period = Duration.seconds(24 * 3600)
    /// A version that was downloaded so often stays.
    static let downloads: Int64 = 10

    let changes: WorkerChanges
    let counter: DownloadCounter

    /// Removes a version: one of the owner's own within the rules, or, for an administrator who gives a reason, any.
    ///
    /// - Throws: `RegistryServiceError.removalRefused` with every rule that stands in the way.
    package func callAsFunction(
        _ name: String,
        _ version: String,
        reason: String,
        by caller: Caller
    ) async throws -> VersionChangeAnswer {
        let version = try VersionChoice.version(version)
        let reason = try ShortText.read(reason, path: "$.reason")
        let isAbuse = caller.isAdministrator && !reason.isEmpty
        return try await changes(name, by: caller, .yank) { change in
            try change.expectVersion(version)
            if !isAbuse {
                let obstacles = try change.obstacles(
                    to: version,
                    uncounted: counter.pending(of: change.worker, version)
                )
                if !obstacles.isEmpty { throw RegistryServiceError.removalRefused(change.worker, version, obstacles) }
            }
            let wasLatest = try change.session.channel(.latest, of: change.worker) == version
            for (channel, target) in try change.session.channels(of: change.worker).sorted(by: { $0.key < $1.key })
            where target == version && channel != .latest { try change.remove(channel) }
            let removal = RemovedVersion(version: version, at: change.now, reason: reason, isAbuse: isAbuse)
            try change.session.removeVersion(removal, of: change.worker)
            try change.record(.removed, version, ["reason": .string(reason), "abuse": .bool(isAbuse)])
            if wasLatest { try change.pointLatestToHighest() }
            try change.list()
            return try change.answer(version, hasChanged: true)
        }
    }
}

/// A rule that stands in the way of removing a version.
package enum RemovalObstacle: Hashable, Sendable {
    case age(publishedAt: Timestamp)
    case downloads(Int64)
    /// A version that nothing else would satisfy.
    case stranded(Dependent)

    /// What the rule is about.
    package var subject: String {
        switch self {
        case .age: "age"
        case .downloads: "downloads"
        case .stranded: "dependents"
        }
    }

    /// The end of a sentence that begins with the subject.
    package var reason: String {
        switch self {
        case .age(let publishedAt): "it was published at \(publishedAt), more than 24 hours ago"
        case .downloads(let count): "it was downloaded \(count) times, of fewer than \(RemoveVersion.downloads) allowed"
        case .stranded(let dependent):
            "`\(dependent.worker)@\(dependent.version)` asks for "
                + "`\(PrintableText(dependent.selector, limit: 80))`, which nothing else satisfies"
        }
    }
}

extension WorkerChange {
    /// The rules that stand in the way of removing a version.
    fileprivate func obstacles(to version: SemanticVersion, uncounted: Int64) throws -> [RemovalObstacle] {
        var obstacles: [RemovalObstacle] = []
        if let published = try session.version(version, of: worker)?.publishedAt,
            published.adding(RemoveVersion.period) < now
        {
            obstacles.append(.age(publishedAt: published))
        }
        let downloads = try session.downloads(of: version, of: worker) + uncounted
        if downloads >= RemoveVersion.downloads { obstacles.append(.downloads(downloads)) }
        return try obstacles + stranded(without: version).prefix(10).map { .stranded($0) }
    }

    /// Versions of other workers that resolve now and would not resolve without this version.
    private func stranded(without version: SemanticVersion) throws -> [Dependent] {
        guard let index = try session.index(of: worker) else { return [] }
        let channels = index.channels.filter { $0.value != version }
        let rest = WorkerIndex(
            name: worker,
            entries: index.entries.filter { $0.version != version },
            channels: channels
        )
        return try session.demands(on: worker).filter { demand in
            // A text that is no selector was never satisfied.
            guard let selector = try? VersionSelector(parsingDependency: demand.selector) else { return false }
            return index.version(for: selector) != nil && rest.version(for: selector) == nil
        }
    }
}
