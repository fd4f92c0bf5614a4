// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryService
package import WorkerModel

/// What the server takes from one client before it stops listening to it: every limit of the server, in one place.
///
/// `docs/registry-configuration.md` lists them with the settings that change them.
package struct ServerLimits: Sendable, Hashable {
    // MARK: Sizes

    /// The body of a request in JSON that has a key.
    package var jsonBody: ByteCount
    /// The body of a request in JSON that anybody may send.
    package var question: ByteCount
    /// One uploaded blob.
    package var upload: ByteCount
    /// One layer of an image.
    package var imageLayer: ByteCount
    /// What one account may have sent that no version names.
    package var uploadQuota: ByteCount
    /// All header fields of a request together.
    package var headers: ByteCount
    /// Header fields of a request.
    package var headerCount: Int

    /// Rows of one page of a list.
    package var page: Int

    // MARK: Times

    /// A connection on which nothing arrives for this long, between requests or inside one, is closed.
    package var idle: Duration
    /// The head of a request must have arrived this long after the connection was made or the head's first byte came.
    package var head: Duration
    /// After an answer that came before the end of the request, the rest is thrown away for this long.
    package var linger: Duration
    /// Bytes a second that a client must send of a body, or take of an answer, on average.
    ///
    /// It may fall behind by `idle`.
    package var slowest: ByteCount

    // MARK: Numbers

    /// Connections at once.
    ///
    /// One more takes the place of the one that has waited longest for a request.
    package var connections: Int
    /// Connections at once from one address; those of trusted proxies are not counted.
    package var connectionsPerAddress: Int
    /// Uploads at once of one account.
    package var uploadsAtOnce: Int
    /// Requests with a key in a minute, for each account.
    ///
    /// 0: as many as come.
    package var keyedRequestsPerMinute: Int
    /// Requests to resolve or search in a minute, for each address.
    ///
    /// 0: as many as come.
    package var questionsPerMinute: Int

    package init(
        jsonBody: ByteCount = .mebibytes(8),
        question: ByteCount = .kibibytes(64),
        upload: ByteCount = .mebibytes(512),
        imageLayer: ByteCount = .gibibytes(8),
        uploadQuota: ByteCount = .gibibytes(8),
        headers: ByteCount = .kibibytes(32),
        headerCount: Int = 100,
        page: Int = PageRequest.largest,
        idle: Duration = .seconds(60),
        head: Duration = .seconds(10),
        linger: Duration = .seconds(5),
        slowest: ByteCount = ByteCount(1024),
        connections: Int = 4096,
        connectionsPerAddress: Int = 256,
        uploadsAtOnce: Int = 32,
        keyedRequestsPerMinute: Int = 6000,
        questionsPerMinute: Int = 60_000
    ) {
        self.jsonBody = jsonBody
        self.question = question
        self.upload = upload
        self.imageLayer = imageLayer
        self.uploadQuota = uploadQuota
        self.headers = headers
        self.headerCount = headerCount
        self.page = page
        self.idle = idle
        self.head = head
        self.linger = linger
        self.slowest = slowest
        self.connections = connections
        self.connectionsPerAddress = connectionsPerAddress
        self.uploadsAtOnce = uploadsAtOnce
        self.keyedRequestsPerMinute = keyedRequestsPerMinute
        self.questionsPerMinute = questionsPerMinute
    }

    package static let standard = ServerLimits()
}
