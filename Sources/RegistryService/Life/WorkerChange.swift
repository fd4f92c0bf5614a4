// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryStorage
import Resolution
import WorkerModel

/// Changes to workers that are there: each asks who may do it, is one transaction, and is seen at once.
struct WorkerChanges: Sendable {
    let store: any RegistryStore
    let surroundings: Surroundings

    /// Runs `body` in a transaction on one worker.
    ///
    /// - Throws: `RegistryServiceError` where there is no such worker or the caller may not change it, with nothing
    ///   changed; what `body` throws.
    func callAsFunction<Value: Sendable>(
        _ name: String,
        by caller: Caller,
        _ scope: KeyScope,
        _ body: @escaping @Sendable (WorkerChange) throws -> Value
    ) async throws -> Value {
        try caller.expect(scope)
        let (name, now) = (try VersionChoice.name(name), surroundings.now())
        return try await store.write(by: caller, at: now) { caller, session in
            try caller.expect(scope, onOwned: name, in: session)
            return try body(WorkerChange(worker: name, caller: caller, now: now, session: session))
        }
    }
}

/// One change of one worker, inside its transaction.
struct WorkerChange {
    let worker: WorkerName
    let caller: Caller
    let now: Timestamp
    let session: any RegistrySession

    func record(_ kind: RegistryEvent.Kind, _ version: SemanticVersion? = nil, _ details: JSONObject = [:]) throws {
        try session.appendEvent(
            RegistryEvent(
                kind,
                at: now,
                account: caller.account,
                worker: worker,
                version: version,
                details: JSONValue.object(details).text()
            )
        )
    }

    /// - Throws: `RegistryServiceError` for a version that is not there.
    func expectVersion(_ version: SemanticVersion) throws {
        _ = try VersionChoice.pick(.exact(version), of: worker, in: session)
    }

    /// Points a channel to a version that is there, and lists what `latest` points to.
    func point(_ channel: ChannelName, to version: SemanticVersion) throws {
        let former = try session.setChannel(channel, of: worker, to: version, at: now)
        if former == version { return }
        // What somebody pushed under the channel's name is hidden by it, and would come back when it goes.
        if let name = RepositoryName(of: worker), let tag = ImageTag(parsing: channel.description) {
            _ = try session.removeTag(tag, in: name)
        }
        let from = former.map { JSONValue.string($0.description) } ?? .null
        try record(.channelMoved, version, ["channel": .string(channel.description), "from": from])
        if channel == .latest { try list() }
    }

    /// Takes a channel away.
    func remove(_ channel: ChannelName) throws {
        guard let former = try session.removeChannel(channel, of: worker) else { return }
        try record(.channelRemoved, former, ["channel": .string(channel.description)])
        if channel == .latest { try list() }
    }

    /// Points `latest` to the highest version that a range may select, or nowhere where there is none.
    func pointLatestToHighest() throws {
        let candidate = try session.index(of: worker)?.entries.first(where: \.isCandidate)
        if let candidate { try point(.latest, to: candidate.version) } else { try remove(.latest) }
    }

    /// Writes down what lists show of the worker.
    func list() throws { try ListedWorkers.refresh(worker, in: session) }
}
