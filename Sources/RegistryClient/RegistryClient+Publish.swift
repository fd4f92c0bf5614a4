// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import JSONText
package import RegistryAPI
import Transport
import WorkerModel

extension RegistryClient {
    /// Publishes a version, whose hosted bytes have to be at the registry already.
    ///
    /// `isRelease`: ranges may choose the version at once, and its channel moves to it only from a lower one. Other
    /// servers pass over it, and move the channel.
    ///
    /// What was cut is sent again: a version is published once, and the registry says of a second one whether it is the
    /// same.
    ///
    /// - Throws: `RegistryClientError`: W144 without a key or the right to it, W145 with every problem that the
    ///   registry found, W146 with `isIdentical` where the version exists; `TransportError`.
    package func publish(_ request: PublishRequest, isRelease: Bool = false) async throws -> PublishAnswer {
        let conversation = Conversation.publish(request.name, request.version)
        var wire = try self.request(.post, isRelease ? .release : .publish, for: conversation, json: request.json)
        try authenticate(&wire, for: conversation)
        let answer = try await exchange(wire, for: conversation)
        if answer.mayHaveArrived, answer.status == 409, answer.envelope?.isIdentical == true {
            // An earlier try was carried out, only its answer was lost.
            return PublishAnswer(name: request.name, version: request.version, channel: request.channel)
        }
        let published: PublishAnswer = try value(of: answer, for: conversation)
        guard published.version == request.version else { throw failure(.unknownVersion, conversation) }
        return published
    }

    /// Asks what would refuse a version, before any of its bytes are sent.
    ///
    /// - Returns: what publishing would answer; nil from a registry that cannot tell.
    /// - Throws: what `publish` throws.
    package func check(_ request: PublishRequest, isRelease: Bool = false) async throws -> PublishAnswer? {
        let conversation = Conversation.publish(request.name, request.version)
        var wire = try self.request(.post, .publishCheck(isRelease: isRelease), for: conversation, json: request.json)
        try authenticate(&wire, for: conversation)
        let answer = try await exchange(wire, for: conversation)
        // Other servers have no such route, and say so in more than one way.
        if [404, 405, 501].contains(answer.status), answer.envelope?.knownCode != .workerNotFound { return nil }
        return try value(of: answer, for: conversation)
    }

    /// The key, for what else the registry holds than workers.
    ///
    /// - Throws: `RegistryClientError` without one.
    package func key() throws -> Redacted<String> {
        switch access {
        case .none(let note): throw failure(.noKey(note: note), .account)
        case .unusable(let error): throw error
        case .key(let key): return key
        }
    }

    func authenticate(_ request: inout TransportRequest, for conversation: Conversation) throws {
        switch access {
        case .none(let note): throw failure(.noKey(note: note), conversation)
        case .unusable(let error): throw error
        case .key(let key): request.credentials.append(TransportRequest.Credential(name: "X-API-Key", value: key))
        }
    }
}
