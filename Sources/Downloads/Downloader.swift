// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
package import Transport
import WorkerModel

/// Fetches artifacts over a transport, taking up again what was cut.
///
/// A try that fails for a reason that may pass is repeated up to four times; a try that brought a mebibyte or more
/// starts the count anew, so a long download over a bad line comes to its end.
package struct Downloader: ArtifactSource {
    private let transport: any Transport
    private let pacing: Pacing

    package init(transport: any Transport, pacing: Pacing = .live) {
        self.transport = transport
        self.pacing = pacing
    }

    /// See `ArtifactSource`.
    ///
    /// - Throws: `DownloadError`; `TransportError` where the URL may not be contacted; `CancellationError`.
    package func fetch(_ request: ArtifactRequest) async throws -> ArtifactDownload {
        var session = DownloadSession(request: request, transport: transport, pacing: pacing)
        let first = try await session.open()
        return ArtifactDownload(
            length: session.total,
            body: BodyStream { [session] in
                var reader = DownloadReader(session: session, current: first)
                return BodyStream.Iterator { try await reader.next() }
            }
        )
    }
}

/// The state of one download, and its way to get the next answer.
private struct DownloadSession: Sendable {
    /// An answer with what of it is not for the reader.
    struct Opened: Sendable {
        let body: BodyStream
        let skip: Int64
    }

    let request: ArtifactRequest
    let transport: any Transport
    let pacing: Pacing
    var point: ResumePoint
    var schedule = RetrySchedule()

    init(request: ArtifactRequest, transport: any Transport, pacing: Pacing) {
        self.request = request
        self.transport = transport
        self.pacing = pacing
        point = ResumePoint(limit: request.limit)
    }

    var total: ByteCount? { point.total.map { ByteCount($0) } }

    func fail(_ reason: DownloadError.Reason) -> DownloadError { DownloadError(reason, request.url) }

    /// Asks for what is missing until there is an answer that can be read.
    mutating func open() async throws -> Opened {
        while true {
            do {
                let wire = TransportRequest(.get, request.url, purpose: .artifact, headers: point.headers)
                let response = try await transport.send(wire)
                if response.isTransientFailure {
                    try await waitAfter(response)
                    continue
                }
                guard case .read(let skip) = try receive(response) else { continue }
                return Opened(body: response.body, skip: skip)
            } catch let error as TransportError {
                try await waitAfter(error)
            }
        }
    }

    /// Waits before the next try.
    ///
    /// - Throws: the error to give up with.
    mutating func waitAfter(_ error: TransportError) async throws {
        guard error.isTransient else { throw error }
        let tries = schedule.failures + 1
        guard let wait = nextWait(advice: nil) else { throw fail(.networkFails(error, tries: tries)) }
        try await pacing.sleep(wait)
    }

    private mutating func waitAfter(_ response: TransportResponse) async throws {
        let tries = schedule.failures + 1
        guard let wait = nextWait(advice: response.retryAfter) else {
            throw fail(.serverFails(status: response.status, tries: tries))
        }
        try await pacing.sleep(wait)
    }

    private mutating func nextWait(advice: Duration?) -> Duration? {
        schedule.wait(at: point.offset, advice: advice, jitter: pacing.jitter())
    }

    private mutating func receive(_ response: TransportResponse) throws -> ResumePoint.Verdict {
        do { return try point.receive(response) } catch { throw fail(error) }
    }

    /// Counts bytes for the reader and tells who watches.
    mutating func advance(by count: Int) throws {
        do { try point.advance(by: count) } catch { throw fail(error) }
        request.progress?(ByteCount(point.offset), total)
    }
}

/// Reads one answer after the other as if they were one.
private struct DownloadReader {
    private var session: DownloadSession
    private var pieces: BodyStream.Iterator?
    private var skip: Int64

    init(session: DownloadSession, current: DownloadSession.Opened) {
        self.session = session
        pieces = current.body.makeAsyncIterator()
        skip = current.skip
    }

    mutating func next() async throws -> ByteBuffer? {
        while true {
            if pieces == nil { try await reopen() }
            do {
                guard var piece = try await pieces?.next() else {
                    guard try await endsHere() else { continue }
                    return nil
                }
                guard trim(&piece) else { continue }
                try session.advance(by: piece.readableBytes)
                return piece
            } catch let error as TransportError {
                // A connection that breaks behind the last byte takes nothing away.
                if session.point.isComplete { return nil }
                pieces = nil
                try await session.waitAfter(error)
            }
        }
    }

    private mutating func reopen() async throws {
        let opened = try await session.open()
        pieces = opened.body.makeAsyncIterator()
        skip = opened.skip
    }

    /// Drops what the reader has already; false where nothing is left.
    private mutating func trim(_ piece: inout ByteBuffer) -> Bool {
        let dropped = Int(min(skip, Int64(piece.readableBytes)))
        piece.moveReaderIndex(forwardBy: dropped)
        skip -= Int64(dropped)
        return piece.readableBytes > 0
    }

    /// Whether the end of an answer is the end of the file.
    private mutating func endsHere() async throws -> Bool {
        if skip > 0 { throw session.fail(.changed) }
        guard session.point.isIncomplete else { return true }
        pieces = nil
        try await session.waitAfter(TransportError(.cut, session.request.url, for: .artifact))
        return false
    }
}
