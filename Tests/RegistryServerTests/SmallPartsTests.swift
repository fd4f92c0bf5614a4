// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Logging
import RegistryStorage
import Synchronization
import Testing

@testable import RegistryServer

/// Addresses to listen at.
struct ListenAddressTests {
    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1", 8080), ("localhost:0", "localhost", 0), ("[::1]:80", "::1", 80),
        ("0.0.0.0:65535", "0.0.0.0", 65_535),
    ])
    func readsHostAndPort(_ text: String, _ host: String, _ port: Int) throws {
        let address = try ListenAddress(parsing: text)
        #expect(address.host == host && address.port == port && address.description == text)
    }

    @Test(arguments: ["", ":", "8080", "localhost", ":8080", "a:65536", "a:-1", "a:+1", "::1:80", "a:8 0", "[]:1"])
    func refusesTheRest(_ text: String) {
        #expect(throws: ListenAddressError.self) { try ListenAddress(parsing: text) }
    }

    @Test(arguments: [
        ("127.0.0.1:0", "http://127.0.0.1:99"), ("0.0.0.0:0", "http://127.0.0.1:99"), ("[::]:0", "http://[::1]:99"),
        ("[fd00::1]:0", "http://[fd00::1]:99"),
    ])
    func tellsWhereItIsFoundFromThisMachine(_ text: String, _ url: String) throws {
        #expect(try ListenAddress(parsing: text).localURL(port: 99) == url)
    }
}

/// A log line is one line of JSON, whatever is logged, and is written soon.
struct LogOutputTests {
    private final class Written: Sendable {
        let calls = Mutex<[[UInt8]]>([])
        var all: [[UInt8]] { calls.withLock { $0 } }

        func output(capacity: Int) -> LogOutput {
            LogOutput(level: .info, capacity: capacity, now: { Timestamp(milliseconds: 1_785_578_400_007) }) { bytes in
                self.calls.withLock { $0.append(bytes) }
                return bytes.count
            }
        }
    }

    @Test func writesOneLineAnEvent() throws {
        let written = Written()
        var logger = written.output(capacity: 0).logger
        logger[metadataKey: "id"] = "1"
        logger.debug("not this")
        logger.warning("this\n{\"level\":\"fake\"}", metadata: ["b": ["x", "y"], "a": ["k": "\u{0}\r\n"]])
        let bytes = written.all.flatMap(\.self)
        #expect(bytes.count { $0 == 0x0A } == 1 && bytes.last == 0x0A)
        #expect(
            try JSONValue(parsing: bytes)
                == [
                    "time": "2026-08-01T10:00:00.007Z", "level": "warning", "message": "this\n{\"level\":\"fake\"}",
                    "a": ["k": "\u{0}\r\n"], "b": ["x", "y"], "id": "1",
                ]
        )
    }

    @Test func linesWaitForOthersButWarningsForNobody() {
        let written = Written()
        let output = written.output(capacity: 1 << 20)
        for _ in 0..<3 { output.logger.info("x") }
        #expect(written.all == [])
        output.logger.warning("y")
        #expect(written.all.map { $0.count { $0 == 0x0A } } == [4])
        output.logger.info("z")
        output.flush()
        output.flush()
        #expect(written.all.map { $0.count { $0 == 0x0A } } == [4, 1])
    }

    @Test func whatWaitsHasALimit() {
        let written = Written()
        let output = written.output(capacity: 1000)
        for _ in 0..<100 { output.logger.info("x") }
        #expect(written.all.count > 3)
        #expect(written.all.allSatisfy { $0.count < 1200 && $0.last == 0x0A })
    }

    /// What a reader that stopped reading takes, and what it took.
    private final class Pipe: Sendable {
        let state = Mutex((room: 0, taken: [UInt8]()))

        var text: String { state.withLock { String(decoding: $0.taken, as: UTF8.self) } }

        func open(_ room: Int) { state.withLock { $0.room = room } }

        func output() -> LogOutput {
            LogOutput(level: .info, capacity: 0, most: 2000, now: { Timestamp(milliseconds: 0) }) { bytes in
                self.state.withLock { state in
                    let count = min(state.room, bytes.count)
                    state.room -= count
                    state.taken += bytes.prefix(count)
                    return count
                }
            }
        }
    }

    @Test func logThatNobodyTakesIsDroppedAndCounted() throws {
        let pipe = Pipe()
        let output = pipe.output()
        for number in 0..<1000 { output.logger.warning("\(number)") }
        #expect(pipe.text.isEmpty)
        // A part of a line goes on where it stopped.
        for room in [7, 100, 1 << 20] {
            pipe.open(room)
            output.flush()
        }
        output.logger.info("again")
        output.flush()
        let lines = try pipe.text.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        let kept = lines.count - 2
        #expect((10...40).contains(kept) && lines.last?["message"] == "again")
        #expect(lines.prefix(kept).enumerated().allSatisfy { $1["message"] == .string("\($0)") })
        #expect(lines[kept]["log.dropped"] == .string("\(1000 - kept)"))
    }

    @Test func linesOfManyThreadsStayWhole() async throws {
        let written = Written()
        let output = written.output(capacity: 500)
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<8 {
                group.addTask { @concurrent in
                    let line = RequestLine(id: "\(thread)", method: "GET", path: "/w/\"\n", client: "::1")
                    for status in 0..<200 { line.write(status: status, after: .microseconds(1_234_567), to: output) }
                }
            }
        }
        output.flush()
        let lines = try written.all.flatMap(\.self).split(separator: 0x0A).map { try JSONValue(parsing: Array($0)) }
        #expect(lines.count == 1600)
        #expect(lines.allSatisfy { $0["http.duration_ms"] == "1234.567" && $0["http.path"] == "/w/\"\n" })
    }

    @Test func keysInPathsAreNotWritten() throws {
        let written = Written()
        RequestLine(id: "1", method: "GET", path: "/keys/iii_secret/x", client: "::1")
            .write(status: 404, after: .zero, to: written.output(capacity: 0))
        #expect(try JSONValue(parsing: written.all[0])["http.path"] == "/keys/[redacted]/x")
    }
}
