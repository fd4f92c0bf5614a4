// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import RegistryAPI
import Transport
import WorkerModel

extension RegistryClient {
    /// Publishes a version, whose hosted bytes have to be at the registry already.
    ///
    /// What was cut is sent again: a version is published once, and the registry says of a second one whether it is the
    /// same.
    ///
    /// - Throws: `RegistryClientError`: W144 without a key or the right to it, W145 with every problem that the
    ///   registry found, W146 with `isIdentical` where the version exists; `TransportError`.
    package func publish(_ request: PublishRequest) async throws -> PublishAnswer {
        let conversation = Conversation.publish(request.name, request.version)
        var wire = try self.request(.post, .publish, for: conversation, json: request.json)
        try authenticate(&wire, for: conversation)
        let answer = try await exchange(wire, for: conversation)
        if answer.mayHaveArrived, answer.status == 409, answer.envelope?.isIdentical == true {
            // An earlier try was carried out, only its answer was lost.
            return PublishAnswer(name: request.name, version: request.version, channel: request.channel)
        }
        let published: PublishAnswer = try value(of: answer, for: conversation)
        guard published.version == request.version else { throw RegistryClientError(.unknownVersion, conversation) }
        return published
    }

    func authenticate(_ request: inout TransportRequest, for conversation: Conversation) throws {
        guard let key else { throw RegistryClientError(.noKey, conversation) }
        request.credentials.append(TransportRequest.Credential(name: "X-API-Key", value: key))
    }
}
