// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import RegistryStorage
import WorkerModel

/// Every version of a worker, newest published first.
package struct WorkerVersions: Sendable {
    private let store: any RegistryStore

    init(store: any RegistryStore) { self.store = store }

    /// - Returns: the answer as JSON.
    /// - Throws: `RegistryServiceError.workerNotFound`.
    package func callAsFunction(_ name: String) async throws -> [UInt8] {
        let name = try VersionChoice.name(name)
        let (versions, channels, deprecations) = try await store.read { session in
            guard try session.worker(name) != nil else { throw RegistryServiceError.workerNotFound(name) }
            return (
                try session.versions(of: name), try session.channels(of: name), try session.deprecations(of: name)
            )
        }
        let channelsByVersion = Dictionary(grouping: channels.keys) { channels[$0] }
        let rows = versions.map { summary in
            var row = VersionRow(
                version: summary.version,
                channels: (channelsByVersion[summary.version] ?? []).sorted(by: Self.precedes),
                dependencies: summary.dependencies,
                publishedAt: summary.publishedAt.description
            )
            row.yanked = summary.yank.map(YankNotice.init)
            row.deprecated = DeprecationNotice(of: summary.version, among: deprecations)
            return row
        }
        return VersionList(rows).json.bytes()
    }

    /// `latest` before all others, those by name.
    private static func precedes(_ left: ChannelName, _ right: ChannelName) -> Bool {
        left == .latest ? right != .latest : right != .latest && left < right
    }
}
