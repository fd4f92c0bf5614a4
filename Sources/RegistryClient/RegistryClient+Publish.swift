// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import RegistryAPI
import Transport
import WorkerModel

extension RegistryClient {
    /// Publishes a version, whose hosted bytes have to be at the registry already.
    ///
    /// - Throws: `RegistryClientError`: W144 without a key or the right to it, W145 with every problem that the
    ///   registry found, W146 with `isIdentical` where the version exists; `TransportError`.
    package func publish(_ request: PublishRequest) async throws -> PublishAnswer {
        let conversation = Conversation.publish(request.name, request.version)
        var wire = try self.request(.post, .publish, for: conversation, json: request.json)
        try authenticate(&wire, for: conversation)
        // Sent twice, the second one would be told that the version exists.
        let answer: PublishAnswer = try value(
            of: try await exchange(wire, for: conversation, repeating: .once),
            for: conversation
        )
        guard answer.version == request.version else { throw RegistryClientError(.unknownVersion, conversation) }
        return answer
    }

    func authenticate(_ request: inout TransportRequest, for conversation: Conversation) throws {
        guard let key else { throw RegistryClientError(.noKey, conversation) }
        request.credentials.append(TransportRequest.Credential(name: "X-API-Key", value: key))
    }
}
