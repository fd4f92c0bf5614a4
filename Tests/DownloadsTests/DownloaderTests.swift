// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import NIOCore
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Transport
import TransportTestSupport
import WorkerModel

@testable import Downloads

/// Says yes once.
final class Once: Sendable {
    private let isLeft = Mutex(true)

    func next() -> Bool {
        isLeft.withLock { isLeft in
            defer { isLeft = false }
            return isLeft
        }
    }
}

/// What came of reading a whole artifact.
func readAll(_ download: ArtifactDownload) async throws -> [UInt8] {
    try await download.body.collect(upTo: .gibibytes(1))
}

/// A file that a scripted server gives, whole or in parts, with faults in the first answers.
struct ScriptedFile: Sendable {
    var bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var entityTag: String? = "\"v1\""
    var lastModified: String?
    var honoursRanges = true
    var faults: [FakeTransport.Fault] = []

    func transport() -> FakeTransport {
        let count = Mutex(0)
        return FakeTransport { request in
            let index = count.withLock { count in
                defer { count += 1 }
                return count
            }
            return answer(request, fault: index < faults.count ? faults[index] : .none)
        }
    }

    private func answer(_ request: TransportRequest, fault: FakeTransport.Fault) -> FakeTransport.Answer {
        var headers: HeaderFields = ["Content-Type": "application/gzip"]
        headers["ETag"] = entityTag
        headers["Last-Modified"] = lastModified
        let isSame = request.headers["If-Range"].map { $0 == entityTag || $0 == lastModified } ?? true
        guard honoursRanges, isSame, let range = request.headers["Range"],
            let first = Int(range.dropFirst("bytes=".count).dropLast())
        else {
            headers["Content-Length"] = String(bytes.count)
            return .respond(status: 200, headers: headers, body: bytes, fault: fault)
        }
        headers["Content-Length"] = String(bytes.count - first)
        headers["Content-Range"] = "bytes \(first)-\(bytes.count - 1)/\(bytes.count)"
        return .respond(status: 206, headers: headers, body: Array(bytes[first...]), fault: fault)
    }
}

@Suite struct DownloaderTests {
    private func request(upTo limit: ByteCount = .mebibytes(1)) throws -> ArtifactRequest {
        ArtifactRequest(try RemoteURL(parsing: "https://e.org/a.tar.gz?sig=secret"), upTo: limit)
    }

    private func fetch(_ transport: FakeTransport, upTo limit: ByteCount = .mebibytes(1)) async throws -> [UInt8] {
        let downloader = Downloader(transport: transport, pacing: .immediate())
        return try await readAll(try await downloader.fetch(try request(upTo: limit)))
    }

    private func reason(of transport: FakeTransport, upTo limit: ByteCount = .mebibytes(1)) async -> String {
        do {
            _ = try await fetch(transport, upTo: limit)
            return "none"
        } catch let error as DownloadError {
            #expect(error.code == .download && !error.message.contains("secret"))
            return String(describing: error.reason)
        } catch { return String(describing: error) }
    }

    @Test func givesTheBytesAsTheyCome() async throws {
        let file = ScriptedFile()
        let transport = file.transport()
        let download = try await Downloader(transport: transport).fetch(try request())
        #expect(download.length == ByteCount(file.bytes.count))
        #expect(try await readAll(download) == file.bytes)
        #expect(transport.requests.map { $0.headers["Accept-Encoding"] } == ["identity"])
    }

    /// Another process goes on where the first one was stopped, and what it gives is whole.
    @Test(arguments: [1 << 20, (3 << 20) - 1]) func goesOnWhereAnEarlierProcessStopped(_ stopped: Int) async throws {
        try await withTemporaryDirectory { folder in
            let file = ScriptedFile(bytes: Self.large)
            let transport = file.transport()
            let downloader = Downloader(
                transport: transport,
                pacing: .immediate(),
                parts: PartialDownloads(folder: folder.appending("parts"))
            )
            var request = try request(upTo: .mebibytes(4))
            request.digest = .sha256(Self.large)
            try await read(stopped, of: downloader.fetch(request))
            let second = try await downloader.fetch(request)
            #expect(second.isContinued && second.length == ByteCount(Self.large.count))
            #expect(try await readAll(second) == Self.large)
            if stopped < Self.large.count - 1 {
                let range = try #require(transport.requests.last?.headers["Range"]).dropFirst("bytes=".count).dropLast()
                #expect(try #require(Int(range)) >= stopped)
                #expect(transport.requests.last?.headers["If-Range"] == "\"v1\"")
            } else {
                #expect(transport.requests.count == 1, "all of it was there")
            }
            // Nothing is left of a download that came to its end.
            #expect(try await downloader.fetch(request).isContinued == false)
        }
    }

    @Test func anotherFileThanTheOneThatWasBegunIsFetchedFromTheStart() async throws {
        try await withTemporaryDirectory { folder in
            let parts = PartialDownloads(folder: folder.appending("parts"))
            var request = try request(upTo: .mebibytes(4))
            request.digest = .sha256([1])
            let first = ScriptedFile(bytes: Self.large)
            try await read(2 << 20, of: Downloader(transport: first.transport(), parts: parts).fetch(request))
            let other = ScriptedFile(bytes: Self.large.reversed(), entityTag: "\"v2\"")
            let download = try await Downloader(transport: other.transport(), parts: parts).fetch(request)
            #expect(!download.isContinued)
            #expect(try await readAll(download) == other.bytes)
        }
    }

    @Test func ofWhatIsSmallNothingIsKept() async throws {
        try await withTemporaryDirectory { folder in
            let parts = folder.appending("parts")
            var request = try request()
            let file = ScriptedFile()
            request.digest = .sha256(file.bytes)
            let downloader = Downloader(transport: file.transport(), parts: PartialDownloads(folder: parts))
            #expect(try await readAll(downloader.fetch(request)) == file.bytes)
            #expect(try HostFiles.kind(of: parts) == nil)
        }
    }

    @Test func twoAtOnceShareNoFile() async throws {
        try await withTemporaryDirectory { folder in
            let parts = PartialDownloads(folder: folder.appending("parts"))
            var request = try request(upTo: .mebibytes(4))
            request.digest = .sha256(Self.large)
            let file = ScriptedFile(bytes: Self.large)
            let (one, two) = (file.transport(), file.transport())
            let first = try await Downloader(transport: one, parts: parts).fetch(request)
            let second = try await Downloader(transport: two, parts: parts).fetch(request)
            #expect(try await readAll(second) == Self.large)
            #expect(try await readAll(first) == Self.large)
        }
    }

    private static let large = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }

    /// Reads at least so many bytes and no more, as a process that is killed.
    private func read(_ count: Int, of download: ArtifactDownload) async throws {
        var iterator = download.body.makeAsyncIterator()
        var received = 0
        while received < count, let piece = try await iterator.next() { received += piece.readableBytes }
        #expect(received >= count)
    }

    /// A server that closes the connection to say that this is all may have been cut short: what follows is asked for.
    @Test func aBodyWithoutALengthThatEndsEarlyIsACut() async throws {
        let file = ScriptedFile()
        let isFirst = Once()
        let transport = FakeTransport { request in
            let headers: HeaderFields = ["ETag": "\"v1\""]
            if isFirst.next() { return .respond(status: 200, headers: headers, body: Array(file.bytes[..<40_000])) }
            let first = Int(request.headers["Range"]?.dropFirst("bytes=".count).dropLast() ?? "") ?? 0
            if first == file.bytes.count {
                return .respond(status: 416, headers: ["Content-Range": "bytes */\(file.bytes.count)"])
            }
            var part = headers
            part["Content-Range"] = "bytes \(first)-\(file.bytes.count - 1)/\(file.bytes.count)"
            return .respond(status: 206, headers: part, body: Array(file.bytes[first...]))
        }
        #expect(try await fetch(transport) == file.bytes)
        #expect(transport.requests.map { $0.headers["Range"] } == [nil, "bytes=40000-"])
    }

    @Test func aBodyWithoutALengthThatIsWholeIsAskedForNoMoreThanOnce() async throws {
        let file = ScriptedFile()
        let isFirst = Once()
        let transport = FakeTransport { _ in
            if isFirst.next() { return .respond(status: 200, headers: ["ETag": "\"v1\""], body: file.bytes) }
            return .respond(status: 416, headers: ["Content-Range": "bytes */\(file.bytes.count)"])
        }
        #expect(try await fetch(transport) == file.bytes)
        #expect(transport.requests.count == 2)
    }

    @Test(arguments: ["gzip", "x-gzip", "identity"]) func takesAnArchiveThatIsCalledEncoded(
        _ encoding: String
    ) async throws {
        let transport = FakeTransport { _ in
            .respond(status: 200, headers: ["Content-Encoding": encoding], body: [1, 2])
        }
        #expect(try await fetch(transport) == [1, 2])
    }

    @Test func tellsOfEachNewTry() async throws {
        let told = Mutex<[String]>([])
        let file = ScriptedFile(faults: [.cut(after: 10)])
        let pacing = Pacing(
            sleep: { _ in },
            jitter: { 0 },
            announce: { retry in told.withLock { $0.append(retry.failure) } }
        )
        _ = try await readAll(Downloader(transport: file.transport(), pacing: pacing).fetch(try request()))
        #expect(
            told.withLock { $0 } == [
                "the connection to `https://e.org/a.tar.gz` was closed before the end of the answer"
            ]
        )
    }

    @Test(arguments: [
        [FakeTransport.Fault.cut(after: 0)], [.cut(after: 1)], [.cut(after: 99_999)],
        [.stall(after: 50_000)], [.cut(after: 10), .cut(after: 10), .stall(after: 7), .cut(after: 0)],
    ])
    func resumesWithoutATrace(_ faults: [FakeTransport.Fault]) async throws {
        let file = ScriptedFile(faults: faults)
        let transport = file.transport()
        #expect(try await fetch(transport) == file.bytes)
        #expect(transport.requests.count == faults.count + 1)
    }

    @Test func aBreakBehindTheLastByteTakesNothingAway() async throws {
        let file = ScriptedFile(faults: [.cut(after: 100_000)])
        let transport = file.transport()
        #expect(try await fetch(transport) == file.bytes)
        #expect(transport.requests.count == 1)
    }

    @Test func asksForWhatIsMissingWithItsValidator() async throws {
        let transport = ScriptedFile(faults: [.cut(after: 1000)]).transport()
        _ = try await fetch(transport)
        #expect(transport.requests[1].headers["Range"] == "bytes=1000-")
        #expect(transport.requests[1].headers["If-Range"] == "\"v1\"")
    }

    @Test func usesTheDateWhereTheTagIsWeak() async throws {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT"
        let file = ScriptedFile(entityTag: "W/\"v1\"", lastModified: date, faults: [.cut(after: 1000)])
        let transport = file.transport()
        #expect(try await fetch(transport) == file.bytes)
        #expect(transport.requests[1].headers["If-Range"] == date)
    }

    @Test(arguments: [
        ScriptedFile(entityTag: nil, faults: [.cut(after: 1000), .cut(after: 500), .cut(after: 2000)]),
        ScriptedFile(entityTag: "W/\"weak\"", faults: [.cut(after: 1000)]),
        ScriptedFile(honoursRanges: false, faults: [.cut(after: 1000), .cut(after: 40_000)]),
    ])
    func skipsWhatItHasWhereTheServerGivesNoParts(_ file: ScriptedFile) async throws {
        #expect(try await fetch(file.transport()) == file.bytes)
    }

    @Test(arguments: [
        "bytes 0-99999/100000", "bytes 999-99999/100000", "bytes 1000-99999/99999", "items 1-2/3", "", "bytes 1000-/1",
    ])
    func fallsBackToTheWholeAfterAWrongPart(_ range: String) async throws {
        let file = ScriptedFile()
        let broken = FakeTransport { [first = Once()] request in
            if request.headers["Range"] != nil {
                return .respond(status: 206, headers: ["Content-Range": range, "ETag": "\"v1\""], body: [1, 2, 3])
            }
            let isFirst = first.next()
            let headers: HeaderFields = ["ETag": "\"v1\"", "Content-Length": "100000"]
            return .respond(status: 200, headers: headers, body: file.bytes, fault: isFirst ? .cut(after: 1000) : .none)
        }
        #expect(try await fetch(broken) == file.bytes)
        #expect(broken.requests.map { $0.headers["Range"] } == [nil, "bytes=1000-", nil])
    }

    @Test func stopsWhereAnotherFileComes() async throws {
        let transport = FakeTransport { request in
            let isFirst = request.headers["Range"] == nil
            let headers: HeaderFields = ["ETag": isFirst ? "\"v1\"" : "\"v2\"", "Content-Length": "10"]
            return .respond(status: 200, headers: headers, body: Array(0..<10), fault: isFirst ? .cut(after: 5) : .none)
        }
        #expect(await reason(of: transport) == "changed")
    }

    @Test func stopsWhereTheLengthChanges() async throws {
        let transport = FakeTransport { [first = Once()] _ in
            let isFirst = first.next()
            return .respond(
                status: 200,
                headers: ["Content-Length": isFirst ? "10" : "11"],
                body: Array(0..<10),
                fault: isFirst ? .cut(after: 5) : .none
            )
        }
        #expect(await reason(of: transport) == "changed")
    }

    /// The digest tells: what is corrupt comes through as it is, and is not asked for again.
    @Test func corruptBytesAreNotItsBusiness() async throws {
        let file = ScriptedFile(faults: [.corrupt(at: 3)])
        let transport = file.transport()
        let bytes = try await fetch(transport)
        #expect(bytes.count == file.bytes.count && bytes != file.bytes && transport.requests.count == 1)
    }

    @Test func givesUpAfterFiveTries() async throws {
        let waits = Mutex<[Duration]>([])
        let transport = FakeTransport { _ in .fail(.noConnection("the connection was refused")) }
        let downloader = Downloader(
            transport: transport,
            pacing: .immediate { wait in waits.withLock { $0.append(wait) } }
        )
        let error = await #expect(throws: DownloadError.self) { try await downloader.fetch(try request()) }
        #expect(transport.requests.count == 5)
        #expect(waits.withLock { $0 } == [.milliseconds(500), .seconds(1), .seconds(2), .seconds(4)])
        #expect(error?.message == "cannot download `https://e.org/a.tar.gz`: the connection failed, after 5 tries")
        #expect(error?.cause is TransportError)
    }

    @Test func aTryThatBringsAMebibyteStartsTheCountAnew() async throws {
        var file = ScriptedFile(faults: Array(repeating: .cut(after: 1 << 20), count: 9))
        file.bytes = Array(repeating: 7, count: 10 << 20)
        #expect(try await fetch(file.transport(), upTo: .mebibytes(10)).count == 10 << 20)
        var slow = ScriptedFile(faults: Array(repeating: .cut(after: 1000), count: 9))
        slow.bytes = file.bytes
        #expect(await reason(of: slow.transport(), upTo: .mebibytes(10)).hasPrefix("networkFails"))
    }

    @Test(arguments: [408, 429, 500, 502, 503, 599]) func repeatsWhatMayPass(_ status: Int) async throws {
        let file = ScriptedFile()
        let transport = FakeTransport { [count = Mutex(0)] _ in
            let index = count.withLock { count in
                count += 1
                return count
            }
            return .respond(status: index <= 4 ? status : 200, body: file.bytes)
        }
        #expect(try await fetch(transport) == file.bytes)
    }

    @Test(arguments: [400, 401, 403, 404, 410, 416, 206, 204, 304]) func doesNotRepeatTheRest(
        _ status: Int
    ) async throws {
        let transport = FakeTransport { _ in .respond(status: status) }
        #expect(await reason(of: transport) == "status(\(status))")
        #expect(transport.requests.count == 1)
    }

    @Test func keepsToRetryAfter() async throws {
        let waits = Mutex<[Duration]>([])
        let transport = FakeTransport { [first = Once()] _ in
            let isFirst = first.next()
            return isFirst ? .respond(status: 429, headers: ["Retry-After": "17"]) : .respond(status: 200, body: [1])
        }
        let downloader = Downloader(
            transport: transport,
            pacing: .immediate { wait in waits.withLock { $0.append(wait) } }
        )
        #expect(try await readAll(try await downloader.fetch(try request())) == [1])
        #expect(waits.withLock { $0 } == [.seconds(17)])
    }

    @Test func doesNotWaitForHours() async throws {
        let transport = FakeTransport { _ in .respond(status: 503, headers: ["Retry-After": "3600"]) }
        #expect(await reason(of: transport) == "serverFails(status: 503, tries: 1)")
    }

    @Test(arguments: [
        TransportError.Reason.plainHTTP, .notSecure(.expired(on: "2024-03-01")), .refusedAddress("::1", range: "x"),
        .tooManyRedirects(limit: 5),
    ])
    func passesOnWhatNoRetryImproves(_ reason: TransportError.Reason) async throws {
        let transport = FakeTransport { _ in .fail(reason) }
        await #expect(throws: TransportError.self) { try await fetch(transport) }
        #expect(transport.requests.count == 1)
    }

    @Test(arguments: [
        "text/html", "text/html; charset=utf-8", "image/png", "TEXT/plain", "", "multipart/byteranges; boundary=x",
    ])
    func refusesWhatIsNoArchive(_ type: String) async throws {
        let transport = FakeTransport { _ in .respond(status: 200, headers: ["Content-Type": type], body: [1]) }
        #expect(await reason(of: transport).hasPrefix("contentType"))
    }

    @Test(arguments: ["application/gzip", "Application/Octet-Stream", "application/x-tar; a=b"])
    func takesArchives(_ type: String) async throws {
        let transport = FakeTransport { _ in .respond(status: 200, headers: ["Content-Type": type], body: [1]) }
        #expect(try await fetch(transport) == [1])
    }

    @Test func refusesAContentEncoding() async throws {
        let transport = FakeTransport { _ in .respond(status: 200, headers: ["Content-Encoding": "br"], body: [1]) }
        #expect(await reason(of: transport) == "contentEncoding(\"br\")")
    }

    @Test func refusesADeclaredLengthBeyondTheLimit() async throws {
        let transport = FakeTransport { _ in .respond(status: 200, headers: ["Content-Length": "1001"], body: []) }
        #expect(await reason(of: transport, upTo: ByteCount(1000)).hasPrefix("tooLarge"))
    }

    @Test func countsBytesWhateverTheLengthSays() async throws {
        let body = [UInt8](repeating: 0, count: 1001)
        for headers: HeaderFields in [[:], ["Content-Length": "10"]] {
            let transport = FakeTransport { _ in .respond(status: 200, headers: headers, body: body) }
            #expect(await reason(of: transport, upTo: ByteCount(1000)).hasPrefix("tooLarge"))
            #expect(transport.requests.count == 1)
        }
        let exact = FakeTransport { _ in .respond(status: 200, body: Array(body.dropLast())) }
        #expect(try await fetch(exact, upTo: ByteCount(1000)).count == 1000)
    }

    @Test func aBodyShorterThanItsLengthIsACut() async throws {
        let transport = FakeTransport { [first = Once()] _ in
            let isFirst = first.next()
            return .respond(status: 200, headers: ["Content-Length": "5"], body: isFirst ? [1, 2] : [1, 2, 3, 4, 5])
        }
        #expect(try await fetch(transport) == [1, 2, 3, 4, 5])
    }

    @Test func tellsHowFarItIs() async throws {
        let seen = Mutex<[Int64]>([])
        var request = try request()
        request.progress = { received, total in
            #expect(total == ByteCount(100_000))
            seen.withLock { $0.append(received.bytes) }
        }
        let transport = ScriptedFile(faults: [.cut(after: 50_000)]).transport()
        _ = try await readAll(try await Downloader(transport: transport, pacing: .immediate()).fetch(request))
        let counts = seen.withLock { $0 }
        #expect(counts == counts.sorted() && counts.last == 100_000)
    }

    @Test func stopsWaitingWhenCancelled() async throws {
        let transport = FakeTransport { _ in .fail(.cut) }
        let downloader = Downloader(
            transport: transport,
            pacing: Pacing(sleep: { _ in throw CancellationError() }, jitter: { 0 })
        )
        await #expect(throws: CancellationError.self) { try await downloader.fetch(try request()) }
        #expect(transport.requests.count == 1)
    }
}

@Suite struct ContentRangeTests {
    @Test(
        arguments: [
            ("bytes 0-9/10", 0, 9, 10), ("bytes 5-9/*", 5, 9, nil),
        ] as [(String, Int64, Int64, Int64?)]
    )
    func reads(_ text: String, _ first: Int64, _ last: Int64, _ total: Int64?) {
        let range = ContentRange(text)
        #expect(range?.first == first && range?.last == last && range?.total == total)
    }

    @Test(arguments: [
        "", "bytes", "bytes */10", "bytes 9-5/10", "bytes 0-10/10", "bytes -1-5/10", "bytes 0-9", "bytes 0-9/x",
        "Bytes 0-9/10",
        "bytes 0-99999999999999999999/*", "bytes 0-9/10/11", "bytes 0--9/10",
    ])
    func refuses(_ text: String) { #expect(ContentRange(text) == nil) }
}
