// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import RegistryAPI
import RegistryStorage
import WorkerModel

/// Moves channels by compare and set: of several at once who expect the same, one wins.
package struct MoveChannel: Sendable {
    let changes: WorkerChanges

    /// Points a channel to a version, where it points to what the request expects.
    ///
    /// A channel that is there already stays, whatever was expected.
    ///
    /// - Throws: `RegistryServiceError.channelConflict` with nothing moved.
    package func callAsFunction(
        _ name: String,
        _ channel: String,
        _ request: ChannelRequest,
        by caller: Caller
    ) async throws -> ChannelAnswer {
        let channel = try VersionChoice.channel(channel)
        return try await changes(name, by: caller, .tags) { change in
            try change.expectVersion(request.version)
            let current = try change.session.channel(channel, of: change.worker)
            if current == request.version { return ChannelAnswer(version: request.version, hasChanged: false) }
            try change.expect(request, channel, current)
            try change.point(channel, to: request.version)
            return ChannelAnswer(version: request.version, hasChanged: true)
        }
    }

    /// Removes a channel other than `latest`.
    ///
    /// - Throws: `RegistryServiceError`.
    package func remove(_ name: String, _ channel: String, by caller: Caller) async throws -> ChannelAnswer {
        let channel = try VersionChoice.channel(channel)
        if channel == .latest {
            let reason = "is `latest`, which moves and is never removed"
            throw RegistryServiceError.invalidRequest([PublicationProblem(path: "tag", reason: reason)])
        }
        return try await changes(name, by: caller, .tags) { change in
            guard let former = try change.session.channel(channel, of: change.worker) else {
                throw RegistryServiceError.channelNotFound(change.worker, channel)
            }
            try change.remove(channel)
            return ChannelAnswer(version: former, hasChanged: true)
        }
    }

    /// Makes a stable version of its candidate: `next` and `latest` move to it together.
    ///
    /// - Throws: `RegistryServiceError.finalizeConflict` with nothing moved.
    package func finalize(
        _ name: String,
        _ request: FinalizeRequest,
        by caller: Caller
    ) async throws -> FinalizeAnswer {
        try await changes(name, by: caller, .tags) { change in
            let channels = try change.session.channels(of: change.worker)
            if channels[.latest] == request.stable, channels[.next] == request.stable {
                return FinalizeAnswer(stable: request.stable, hasChanged: false)
            }
            if let reason = try change.obstacle(to: request, channels) {
                throw RegistryServiceError.finalizeConflict(
                    change.worker,
                    reason: reason,
                    current: channels[.latest]
                )
            }
            try change.point(.next, to: request.stable)
            try change.point(.latest, to: request.stable)
            return FinalizeAnswer(stable: request.stable, hasChanged: true)
        }
    }
}

extension ChannelRequest.Expectation {
    fileprivate func admits(_ current: SemanticVersion?) -> Bool {
        switch self {
        case .anything: true
        case .unassigned: current == nil
        case .version(let version): current == version
        }
    }

    fileprivate var words: String {
        switch self {
        case .anything: "anything"
        case .unassigned: "nothing"
        case .version(let version): "`\(version)`"
        }
    }
}

extension WorkerChange {
    fileprivate func expect(
        _ request: ChannelRequest,
        _ channel: ChannelName,
        _ current: SemanticVersion?
    ) throws {
        func conflict(_ reason: String) -> RegistryServiceError {
            .channelConflict(worker, channel, reason: reason, current: current)
        }
        guard request.expected.admits(current) else {
            throw conflict("it was expected to point to \(request.expected.words)")
        }
        if let expected = request.expectedChannel,
            try session.channel(expected, of: worker) != request.version
        {
            throw conflict("`\(request.version)` was expected to be on the channel `\(expected)`")
        }
        if channel == .latest, try session.yank(of: request.version, of: worker) != nil {
            throw conflict("`\(request.version)` is yanked")
        }
    }

    /// Why a version cannot be finalized, nil where it can.
    fileprivate func obstacle(
        to request: FinalizeRequest,
        _ channels: [ChannelName: SemanticVersion]
    ) throws -> String? {
        func shown(_ version: SemanticVersion?) -> String { version.map { "`\($0)`" } ?? "nothing" }
        guard try session.answers(request.stable, of: worker) != nil else {
            return "`\(request.stable)` is not published"
        }
        if try session.yank(of: request.stable, of: worker) != nil { return "`\(request.stable)` is yanked" }
        if channels[.next] != request.candidate {
            return "`next` points to \(shown(channels[.next])), not to `\(request.candidate)`"
        }
        if !request.expectedLatest.admits(channels[.latest]) {
            return "`latest` points to \(shown(channels[.latest])), not to \(request.expectedLatest.words)"
        }
        return nil
    }
}
