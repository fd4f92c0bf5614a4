// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Resolution
import WorkerModel

/// The version that a reader means.
enum VersionChoice {
    /// Reads what was asked for; nothing, or an empty text, means `latest`.
    static func selector(_ text: String?) throws(RegistryServiceError) -> VersionSelector {
        guard let text, !text.isEmpty else { return .latest }
        do throws(VersionError) {
            return try VersionSelector(parsing: text)
        } catch { throw .invalidSelector(error) }
    }

    /// Reads the name of a worker that may exist.
    static func name(_ text: String) throws(RegistryServiceError) -> WorkerName {
        do throws(WorkerNameError) {
            return try WorkerName(parsing: text)
        } catch { throw .impossibleName(error) }
    }

    /// Reads an exact version.
    static func version(_ text: String) throws(RegistryServiceError) -> SemanticVersion {
        do throws(VersionError) {
            return try SemanticVersion(parsing: text)
        } catch { throw .invalidSelector(error) }
    }

    /// Reads the name of a channel.
    static func channel(_ text: String) throws(RegistryServiceError) -> ChannelName {
        do throws(VersionError) {
            return try ChannelName(parsing: text)
        } catch { throw .invalidRequest([PublicationProblem(path: "tag", reason: "is no channel: \(error.message)")]) }
    }

    /// Picks a version as resolving would, without looking at what it needs.
    ///
    /// - Throws: `RegistryServiceError.workerNotFound`, `.versionRemoved`, `.unresolved`; what the session throws.
    static func pick(
        _ selector: VersionSelector,
        of name: WorkerName,
        in session: any RegistryReadSession
    ) throws -> SemanticVersion {
        // How many versions there are matters to ranges only.
        switch selector {
        case .exact(let version):
            if try session.contains(version, of: name) { return version }
            if let removal = try session.removal(of: version, of: name) {
                throw RegistryServiceError.versionRemoved(name, removal)
            }
        case .channel(let channel): if let version = try session.channel(channel, of: name) { return version }
        case .range: break
        }
        guard let index = try session.index(of: name) else { throw RegistryServiceError.workerNotFound(name) }
        if let version = index.version(for: selector) { return version }
        do {
            let alone = index.withoutDependencies
            return try Resolver { $0 == name ? alone : nil }.resolve(name, selector).root.version
        } catch let failure as ResolutionFailure { throw RegistryServiceError.unresolved(failure) }
    }
}

extension WorkerIndex {
    fileprivate var withoutDependencies: WorkerIndex {
        let entries = entries.map { Entry(version: $0.version, isPromoted: $0.isPromoted, isYanked: $0.isYanked) }
        return WorkerIndex(name: name, entries: entries, channels: channels)
    }
}
