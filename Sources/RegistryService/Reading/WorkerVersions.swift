// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import RegistryStorage
import Synchronization
import WorkerModel

/// Every version of a worker, newest published first.
///
/// The answer is kept until something about the worker changes: it grows with the versions, asking for it does not.
package struct WorkerVersions: Sendable {
    private let store: any RegistryStore
    private let kept = KeptVersionLists()

    init(store: any RegistryStore) { self.store = store }

    /// - Throws: `RegistryServiceError.workerNotFound`.
    package func callAsFunction(_ name: String) async throws -> ReadyAnswer {
        let name = try VersionChoice.name(name)
        return try await store.read { session in
            guard let worker = try session.worker(name) else { throw RegistryServiceError.workerNotFound(name) }
            if let known = kept.answer(of: name, at: worker.revision) { return known }
            let answer = ReadyAnswer(body: try Self.list(of: name, in: session).json.bytes())
            kept.keep(answer, of: name, at: worker.revision)
            return answer
        }
    }

    private static func list(of name: WorkerName, in session: any RegistryReadSession) throws -> VersionList {
        let (versions, channels) = (try session.versions(of: name), try session.channels(of: name))
        let deprecations = try session.deprecations(of: name)
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
        return VersionList(rows)
    }

    /// `latest` before all others, those by name.
    private static func precedes(_ left: ChannelName, _ right: ChannelName) -> Bool {
        left == .latest ? right != .latest : right != .latest && left < right
    }
}

/// Lists of versions, each good for one revision of its worker.
private final class KeptVersionLists: Sendable {
    private struct State {
        var answers: [WorkerName: (revision: Int64, answer: ReadyAnswer)] = [:]
        var size = 0
    }

    /// Bytes of answers that are kept; beyond it all are forgotten.
    private static let limit = 16 << 20

    private let state = Mutex(State())

    func answer(of name: WorkerName, at revision: Int64) -> ReadyAnswer? {
        state.withLock { state in
            guard let found = state.answers[name], found.revision == revision else { return nil }
            return found.answer
        }
    }

    func keep(_ answer: ReadyAnswer, of name: WorkerName, at revision: Int64) {
        state.withLock { state in
            if let found = state.answers[name] {
                // A reader of an older snapshot must not put back what is outdated.
                if found.revision > revision { return }
                state.size -= found.answer.body.count
            }
            if state.size + answer.body.count > Self.limit { state = State() }
            if answer.body.count > Self.limit { return }
            state.answers[name] = (revision, answer)
            state.size += answer.body.count
        }
    }
}
