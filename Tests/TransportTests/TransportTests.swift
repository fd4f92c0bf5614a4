// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import NIOCore
import Testing
import Transport
import WorkerModel

@Suite struct RetryScheduleTests {
    @Test func waitsGrowAndEnd() {
        var schedule = RetrySchedule()
        let waits = (0..<5).map { _ in schedule.wait(jitter: 0) }
        #expect(waits == [.milliseconds(500), .seconds(1), .seconds(2), .seconds(4), nil])
    }

    @Test func aTransferThatGoesOnIsTriedOnAndOn() {
        var schedule = RetrySchedule(startingAt: 5)
        for place in 1...20 { #expect(schedule.wait(at: 5 + Int64(place) << 20, jitter: 0) == .milliseconds(500)) }
        let end: Int64 = 5 + 21 << 20 - 1
        #expect((0..<4).map { _ in schedule.wait(at: end, jitter: 0) }.last == .some(nil))
    }

    @Test func jitterTakesUpToHalfAway() {
        var schedule = RetrySchedule()
        #expect(schedule.wait(jitter: 1) == .milliseconds(250))
    }

    @Test func keepsToWhatTheServerAsksFor() {
        var schedule = RetrySchedule()
        #expect(schedule.wait(advice: .seconds(7), jitter: 0.5) == .seconds(7))
        #expect(schedule.wait(advice: .zero, jitter: 0.5) == .zero)
        #expect(schedule.wait(advice: .seconds(61), jitter: 0.5) == nil)
    }

    @Test(
        arguments: [
            ("0", nil, Duration.seconds(0)),
            ("120", nil, .seconds(120)),
            ("Sun, 06 Nov 1994 08:49:40 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", .seconds(3)),
            ("Thu, 29 Feb 2024 00:00:00 GMT", "Wed, 28 Feb 2024 23:59:00 GMT", .seconds(60)),
            ("Fri, 01 Mar 2024 00:00:00 GMT", "Wed, 28 Feb 2024 00:00:00 GMT", .seconds(172_800)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", .zero),
            ("Sun, 06 Nov 1994 08:49:00 GMT", nil, nil),
            ("-1", nil, nil),
            ("soon", nil, nil),
            ("Sun, 99 Nov 1994 08:49:00 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", nil),
            ("Sun, 06 Nov 1994 8:99:00 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", nil),
        ] as [(String, String?, Duration?)]
    )
    func readsRetryAfter(_ text: String, _ date: String?, _ wait: Duration?) throws {
        var headers: HeaderFields = ["retry-after": text]
        headers["date"] = date
        let url = try RemoteURL(parsing: "https://e.org")
        let response = TransportResponse(status: 429, headers: headers, url: url, body: BodyStream([]))
        #expect(response.retryAfter == wait)
    }

    @Test(arguments: [
        (200, false), (301, false), (404, false), (408, true), (422, false), (429, true), (500, true), (501, false),
        (507, false), (503, true),
    ])
    func knowsWhichStatusesMayPass(_ status: Int, _ isTransient: Bool) throws {
        let url = try RemoteURL(parsing: "https://e.org")
        #expect(TransportResponse(status: status, url: url, body: BodyStream([])).isTransientFailure == isTransient)
    }
}

@Suite struct BodyStreamTests {
    @Test func collectsUpToItsLimit() async throws {
        let stream = BodyStream(Array("hello".utf8))
        #expect(try await stream.collect(upTo: ByteCount(5)) == Array("hello".utf8))
        #expect(try await stream.collect(upTo: ByteCount(6)) == Array("hello".utf8))
        await #expect(throws: BodyTooLarge(limit: ByteCount(4))) { try await stream.collect(upTo: ByteCount(4)) }
    }

    @Test func wrapsAnotherSequenceWithoutCopying() async throws {
        let (buffers, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        continuation.yield(ByteBuffer(string: "a"))
        continuation.yield(ByteBuffer(string: "b"))
        continuation.finish()
        var pieces: [String] = []
        for try await buffer in BodyStream(buffers) { pieces.append(String(buffer: buffer)) }
        #expect(pieces == ["a", "b"])
    }
}

@Suite struct HeaderFieldsTests {
    @Test func namesAreEqualInAnyCase() {
        var headers: HeaderFields = ["Content-Type": "a", "ETag": "b"]
        #expect(headers["content-TYPE"] == "a")
        headers["etag"] = "c"
        #expect(headers["ETag"] == "c" && headers.fields.count == 2)
        headers["etag"] = nil
        #expect(headers["ETag"] == nil)
    }

    @Test(
        arguments: [("12", 12), ("", nil), ("-1", nil), ("+1", nil), ("1, 1", nil), ("99999999999999999999", nil)]
            as [(String, Int?)]
    )
    func readsOnlyPlainLengths(_ text: String, _ length: Int?) throws {
        let url = try RemoteURL(parsing: "https://e.org")
        let response = TransportResponse(status: 200, headers: ["Content-Length": text], url: url, body: BodyStream([]))
        #expect(response.declaredLength == length.map { ByteCount($0) })
    }
}

@Suite struct TransportErrorTests {
    static let reasons: [TransportError.Reason] = [
        .unknownHost, .noConnection("refused\u{1B}[31m"), .timedOut(.answer), .cut,
        .notSecure(.expired(on: "2024-03-01")),
        .malformedAnswer,
        .plainHTTP, .refusedAddress("127.0.0.1", range: "a loopback address"), .tooManyRedirects(limit: 5),
        .refusedRedirect(to: "ftp://x"),
    ]

    @Test(arguments: reasons) func saysWhatAndWhatNext(_ reason: TransportError.Reason) throws {
        let url = try RemoteURL(parsing: "https://e.org/a?token=secret")
        let errors = [TransportError(reason, url, for: .artifact), TransportError(reason, url, for: .registry)]
        #expect(errors.map(\.code) == [.download, .registryUnreachable])
        for error in errors {
            #expect(error.message.contains("https://e.org/a") && !error.message.contains("secret"))
            #expect(!error.message.contains("\u{1B}"))
            #expect(!error.hints.isEmpty)
        }
    }
}
