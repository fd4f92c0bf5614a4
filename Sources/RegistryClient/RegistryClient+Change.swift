// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import RegistryAPI
import Transport
package import WorkerModel

/// What owners change about a worker that is published.
///
/// All of it needs a key, and may be repeated: the second time finds it done. All throw `RegistryClientError` (W144 for the
/// key, W110 and W115 for what is not there) and `TransportError`.
extension RegistryClient {
    package func yank(_ name: WorkerName, _ version: SemanticVersion, reason: String) async throws {
        _ = try await change(
            .post,
            .yank(name, version),
            YankRequest(reason: reason).json,
            for: .change(name, action: "yank `\(name)` \(version)")
        )
    }

    package func unyank(_ name: WorkerName, _ version: SemanticVersion) async throws {
        let conversation = Conversation.change(name, action: "take back the yank of `\(name)` \(version)")
        _ = try await change(.post, .unyank(name, version), .emptyObject, for: conversation)
    }

    /// Deprecates a worker; an empty message takes that back.
    package func deprecate(_ name: WorkerName, _ deprecation: DeprecateRequest) async throws {
        let conversation = Conversation.change(name, action: "deprecate `\(name)`")
        _ = try await change(.post, .deprecate(name), deprecation.json, for: conversation)
    }

    /// Points a channel to a version.
    ///
    /// - Throws: also W118 where the channel is not where the request expects it.
    package func move(_ channel: ChannelName, of name: WorkerName, _ move: ChannelRequest) async throws -> ChannelAnswer
    {
        let conversation = Conversation.change(name, action: "move the channel `\(channel)` of `\(name)`")
        let answer = try await change(.put, .channel(channel, of: name), move.json, for: conversation)
        return try value(of: answer, for: conversation)
    }

    /// Removes a channel other than `latest`.
    package func remove(_ channel: ChannelName, of name: WorkerName) async throws {
        let conversation = Conversation.change(name, action: "remove the channel `\(channel)` of `\(name)`")
        _ = try await change(.delete, .channel(channel, of: name), nil, for: conversation)
    }

    /// The accounts that own a worker.
    package func owners(of name: WorkerName) async throws -> OwnerList {
        let conversation = Conversation.look(name)
        let wire = try request(.get, .owners(of: name), for: conversation)
        return try value(of: try await exchange(wire, for: conversation), for: conversation)
    }

    package func addOwner(_ account: String, of name: WorkerName) async throws {
        let conversation = Conversation.change(name, action: "add `\(account)` to the owners of `\(name)`")
        _ = try await change(.post, .owners(of: name), ["account": .string(account)], for: conversation)
    }

    package func removeOwner(_ account: String, of name: WorkerName) async throws {
        let conversation = Conversation.change(name, action: "remove `\(account)` from the owners of `\(name)`")
        _ = try await change(.delete, .owner(account, of: name), nil, for: conversation)
    }

    /// Takes a version away for good, which the registry allows for a day and while nobody needs it.
    ///
    /// - Throws: also W119 where a rule stands in the way.
    package func delete(_ name: WorkerName, _ version: SemanticVersion) async throws {
        let conversation = Conversation.change(name, action: "delete `\(name)` \(version)")
        _ = try await change(.delete, .published(name, version), nil, for: conversation)
    }

    /// The keys of the account whose key asks.
    package func keys() async throws -> KeyList {
        var wire = try request(.get, .keys, for: .account)
        try authenticate(&wire, for: .account)
        return try value(of: try await exchange(wire, for: .account), for: .account)
    }

    /// Makes a key that is good for no more than the one that asks.
    package func makeKey(_ wanted: NewKeyRequest) async throws -> NewKeyAnswer {
        try value(of: try await change(.post, .keys, wanted.json, for: .account), for: .account)
    }

    /// Makes a key good for nothing.
    package func revokeKey(_ id: String) async throws {
        _ = try await change(.delete, .key(id), nil, for: .account)
    }

    private func change(
        _ method: TransportRequest.Method,
        _ path: RegistryPath,
        _ body: JSONValue?,
        for conversation: Conversation
    ) async throws -> RegistryAnswer {
        var wire = try request(method, path, for: conversation, json: body)
        try authenticate(&wire, for: conversation)
        let answer = try await exchange(wire, for: conversation)
        guard (200...204).contains(answer.status) else {
            throw failure(.refused(status: answer.status, answer.envelope), conversation)
        }
        return answer
    }
}
