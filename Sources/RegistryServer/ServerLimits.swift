// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// What the server takes from one client before it stops listening to it.
package struct ServerLimits: Sendable, Hashable {
    /// The body of a request in JSON that has a key.
    package var jsonBody: ByteCount
    /// The body of a request in JSON that anybody may send.
    package var question: ByteCount
    /// One uploaded blob.
    package var upload: ByteCount
    /// All header fields of a request together.
    package var headers: ByteCount
    /// Header fields of a request.
    package var headerCount: Int
    /// A connection on which nothing arrives for this long, between requests or inside one, is closed.
    package var idle: Duration
    /// After an answer that came before the end of the request, the rest is thrown away for this long.
    package var linger: Duration
    /// Connections at once; more wait to be accepted.
    package var connections: Int

    package init(
        jsonBody: ByteCount = .mebibytes(8),
        question: ByteCount = .kibibytes(64),
        upload: ByteCount = .mebibytes(512),
        headers: ByteCount = .kibibytes(32),
        headerCount: Int = 100,
        idle: Duration = .seconds(60),
        linger: Duration = .seconds(5),
        connections: Int = 4096
    ) {
        self.jsonBody = jsonBody
        self.question = question
        self.upload = upload
        self.headers = headers
        self.headerCount = headerCount
        self.idle = idle
        self.linger = linger
        self.connections = connections
    }

    package static let standard = ServerLimits()
}
