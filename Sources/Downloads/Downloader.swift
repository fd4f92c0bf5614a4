// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
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
    private let parts: PartialDownloads?

    /// - Parameters:
    ///   - transport: the way to the network.
    ///   - pacing: the waits between two tries.
    ///   - parts: where large artifacts are kept while they come, so that another process can go on; nil for nowhere.
    package init(transport: any Transport, pacing: Pacing = .live, parts: PartialDownloads? = nil) {
        self.transport = transport
        self.pacing = pacing
        self.parts = parts
    }

    /// See `ArtifactSource`.
    ///
    /// - Throws: `DownloadError`; `TransportError` where the URL may not be contacted; `CancellationError`.
    package func fetch(_ request: ArtifactRequest) async throws -> ArtifactDownload {
        var session = DownloadSession(request: request, transport: transport, pacing: pacing)
        var kept = session.takeUp(from: parts)
        let first: DownloadSession.Opened
        do { first = try await session.open() } catch let error as DownloadError
            where kept != nil && error.isOfAnotherFile
        {
            // Another file is there now: what was kept of the one before is of no use.
            session.startOver()
            kept = nil
            first = try await session.open()
        }
        session.keep(in: parts)
        return started(session, with: first, behind: kept)
    }

    private func started(
        _ session: DownloadSession,
        with first: DownloadSession.Opened,
        behind kept: FilePieces?
    ) -> ArtifactDownload {
        ArtifactDownload(
            length: session.total,
            isContinued: kept != nil,
            body: BodyStream {
                var reader = DownloadReader(session: session, current: first, kept: kept)
                return BodyStream.Iterator { try await reader.next() }
            }
        )
    }
}

/// The state of one download, and its way to get the next answer.
private struct DownloadSession: Sendable {
    /// An answer with what of it is not for the reader.
    struct Opened: Sendable {
        /// Nil where the reader has all of it.
        let body: BodyStream?
        let skip: Int64
    }

    let request: ArtifactRequest
    let transport: any Transport
    let pacing: Pacing
    var point: ResumePoint
    var schedule = RetrySchedule()
    var part: PartialDownload?
    private var hasAskedForMore = false

    init(request: ArtifactRequest, transport: any Transport, pacing: Pacing) {
        self.request = request
        self.transport = transport
        self.pacing = pacing
        point = ResumePoint(limit: request.limit)
    }

    var total: ByteCount? { point.total.map { ByteCount($0) } }

    /// Goes on behind what an earlier download left, which is read first; nil where there is nothing.
    mutating func takeUp(from parts: PartialDownloads?) -> FilePieces? {
        guard let parts, let digest = request.digest, parts.hasPart(of: digest) else { return nil }
        part = parts.open(digest)
        guard let part, let (count, origin) = part.kept() else { return nil }
        point = ResumePoint(limit: request.limit, behind: count, of: origin)
        schedule = RetrySchedule(startingAt: count)
        return part.pieces
    }

    /// Forgets what was kept.
    mutating func startOver() {
        point = ResumePoint(limit: request.limit)
        schedule = RetrySchedule()
    }

    /// Keeps the bytes that come, if they are worth it.
    mutating func keep(in parts: PartialDownloads?) {
        guard part == nil, let parts, let digest = request.digest, isWorthKeeping else { return }
        part = parts.open(digest)
    }

    /// Where the bytes that come are kept; nil where they are not.
    func writer(goingOn: Bool) -> PieceWriter? {
        guard isWorthKeeping, let origin = point.origin else { return nil }
        return part?.writer(origin, goingOn: goingOn)
    }

    private var isWorthKeeping: Bool { (point.origin?.total ?? 0) >= PartialDownloads.smallest.bytes }

    func fail(_ reason: DownloadError.Reason) -> DownloadError { DownloadError(reason, request.url) }

    /// Asks for what is missing until there is an answer that can be read.
    mutating func open() async throws -> Opened {
        if point.isComplete { return Opened(body: nil, skip: 0) }
        while true {
            do {
                var wire = TransportRequest(.get, request.url, purpose: .artifact, headers: point.headers)
                wire.registry = request.registry
                let response = try await transport.send(wire)
                if response.isTransientFailure {
                    try await waitAfter(response)
                    continue
                }
                switch try receive(response) {
                case .askAgain: continue
                case .ended: return Opened(body: nil, skip: 0)
                case .read(let skip): return Opened(body: response.body, skip: skip)
                }
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
        try await pacing.wait(Retry(after: error, wait: wait))
    }

    private mutating func waitAfter(_ response: TransportResponse) async throws {
        let tries = schedule.failures + 1
        guard let wait = nextWait(advice: response.retryAfter) else {
            throw fail(.serverFails(status: response.status, tries: tries))
        }
        try await pacing.wait(Retry(after: response, wait: wait))
    }

    private mutating func nextWait(advice: Duration?) -> Duration? {
        schedule.wait(at: point.offset, advice: advice, jitter: pacing.jitter())
    }

    private mutating func receive(_ response: TransportResponse) throws -> ResumePoint.Verdict {
        do { return try point.receive(response) } catch { throw fail(error) }
    }

    /// Whether to ask for more behind an answer that only the end of its connection ended, and that may have been cut; once.
    mutating func asksForMore() -> Bool {
        guard point.endIsUncertain, !hasAskedForMore else { return false }
        hasAskedForMore = true
        return true
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
    private var hasEnded: Bool
    /// What an earlier download left, until it has been read.
    private var kept: FilePieces.Iterator?
    private var writer: PieceWriter?

    init(session: DownloadSession, current: DownloadSession.Opened, kept: FilePieces?) {
        self.session = session
        self.kept = kept?.makeAsyncIterator()
        pieces = current.body?.makeAsyncIterator()
        skip = current.skip
        hasEnded = current.body == nil
        writer = hasEnded ? nil : session.writer(goingOn: kept != nil)
    }

    mutating func next() async throws -> ByteBuffer? {
        if let piece = try await kept?.next() { return ByteBuffer(bytes: piece) }
        kept = nil
        let piece = try await nextOfNetwork()
        guard let piece else {
            // All of it came; whether it is what was wanted, its digest tells.
            session.part?.discard()
            return nil
        }
        do { try writer?.append(piece) } catch {
            writer = nil
            session.part?.discard()
        }
        return piece
    }

    private mutating func nextOfNetwork() async throws -> ByteBuffer? {
        while !hasEnded {
            if pieces == nil {
                try await reopen()
                continue
            }
            do {
                guard var piece = try await pieces?.next() else {
                    hasEnded = try await endsHere()
                    continue
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
        return nil
    }

    private mutating func reopen() async throws {
        let opened = try await session.open()
        pieces = opened.body?.makeAsyncIterator()
        skip = opened.skip
        hasEnded = opened.body == nil
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
        pieces = nil
        if session.asksForMore() { return false }
        guard session.point.isIncomplete else { return true }
        try await session.waitAfter(TransportError(.cut, session.request.url, for: .artifact))
        return false
    }
}
