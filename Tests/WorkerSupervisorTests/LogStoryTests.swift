// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Sandboxing
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import WorkerSupervisor

/// What a worker prints on its two streams is one story.
@Suite struct LogStoryTests {
    /// Goes on by a second with each look.
    private final class Clock: Sendable {
        private let milliseconds = Mutex<Int64>(0)
        func now() -> Moment {
            milliseconds.withLock { milliseconds in
                milliseconds += 1000
                return Moment(milliseconds: milliseconds)
            }
        }
    }

    private func withLog(_ body: (WorkerLog, LogReader) async throws -> Void) async throws {
        try await withTemporaryDirectory { folder in
            let clock = Clock()
            try await body(WorkerLog(folder: folder, now: { clock.now() }), LogReader(folder: folder))
        }
    }

    /// `1 out one`: the second, the stream and the text; a line without its end has `…` behind it.
    private func shown(_ entries: [LogEntry]) -> [String] {
        entries.map { entry in
            let time = entry.time.map { String($0.milliseconds / 1000) } ?? "-"
            return
                "\(time) \(entry.origin.rawValue) \(String(decoding: entry.text, as: UTF8.self))\(entry.endsLine ? "" : "…")"
        }
    }

    @Test func linesOfBothStreamsAreToldInTheirOrder() async throws {
        try await withLog { log, reader in
            log.append(Array("one\ntwo\n".utf8), from: .output)
            log.append(Array("oops\n".utf8), from: .error)
            log.append(Array("three\n\nfour".utf8), from: .output)
            let story = try reader.story().lines
            #expect(
                shown(story) == [
                    "1 stdout one", "1 stdout two", "2 stderr oops", "3 stdout three", "3 stdout ", "3 stdout four…",
                ]
            )
        }
    }

    @Test func aLineThatComesInPiecesIsOneLineWithTheTimeOfItsBeginning() async throws {
        try await withLog { log, reader in
            log.append(Array("a".utf8), from: .output)
            log.append(Array("x\n".utf8), from: .error)
            log.append(Array("b".utf8), from: .output)
            log.append(Array("\n".utf8), from: .output)
            let story = try reader.story().lines
            #expect(shown(story) == ["2 stderr x", "1 stdout ab"])
        }
    }

    @Test func whatBecomesOfAWorkerStandsBetweenItsLines() async throws {
        try await withLog { log, reader in
            log.beginRun()
            log.append(Array("up\n".utf8), from: .output)
            log.mark("exited with status 1")
            log.beginRun()
            await log.remark("out of memory")
            let story = try reader.story().lines
            let (errors, output) = (try reader.last(9, of: .error), try reader.last(9, of: .output))
            #expect(
                shown(story) == [
                    "1 stdout up", "2 iii exited with status 1", "3 iii started again", "4 iii out of memory",
                ]
            )
            // The streams have what they always had.
            #expect(String(decoding: errors, as: UTF8.self) == "iii: out of memory\n")
            #expect(String(decoding: output, as: UTF8.self) == "up\n")
        }
    }

    @Test func theStoryBeginsAtAMoment() async throws {
        try await withLog { log, reader in
            for number in 1...5 { log.append(Array("\(number)\n".utf8), from: .output) }
            let since = try reader.story(since: Moment(milliseconds: 4000)).lines
            #expect(shown(since) == ["4 stdout 4", "5 stdout 5"])
            let later = try reader.story(since: Moment(milliseconds: 6000)).lines
            #expect(later.isEmpty)
        }
    }

    @Test func aMomentIsFoundInTheFilesBeforeTheNewest() throws {
        try withTemporaryDirectory { folder in
            let clock = Clock()
            var file = LogFile(WorkerLog.story(in: folder), limit: 100)
            for number in 1...6 {
                file.append(LogEntry.lines(of: Array("line \(number)\n".utf8), from: .output, at: clock.now()))
            }
            file.close()
            let cut = try HostFiles.kind(of: folder.appending("all.log.2"))
            #expect(cut == .file)
            let reader = LogReader(folder: folder)
            let story = try reader.story(since: Moment(milliseconds: 2000)).lines
            #expect(shown(story) == (2...6).map { "\($0) stdout line \($0)" })
            let all = try reader.story().lines
            #expect(shown(all) == (1...6).map { "\($0) stdout line \($0)" })
        }
    }

    @Test func whatFollowsIsToldOnceAndWhole() async throws {
        try await withLog { log, reader in
            log.append(Array("before\nhal".utf8), from: .output)
            var following = try reader.story().following
            #expect(following.next().isEmpty)
            log.append(Array("f\n".utf8), from: .output)
            log.append(Array("oops\n".utf8), from: .error)
            log.mark("stopped")
            #expect(shown(following.next()) == ["2 stdout f", "3 stderr oops", "4 iii stopped"])
            #expect(following.next().isEmpty)
        }
    }

    @Test func aStoryThatBeginsLaterIsFollowedToo() async throws {
        try await withLog { log, reader in
            var following = try reader.story().following
            #expect(following.next().isEmpty)
            log.append(Array("first\n".utf8), from: .output)
            #expect(shown(following.next()) == ["1 stdout first"])
        }
    }

    @Test func bytesThatAreNoTextStayWhatTheyAre() async throws {
        try await withLog { log, reader in
            let bytes: [UInt8] = [0xFF, 0x00, 0x20, 0x20, 0x0D, 0xC3]
            log.append(bytes + [0x0A], from: .error)
            let texts = try reader.story().lines.map(\.text)
            #expect(texts == [bytes])
        }
    }

    @Test func logsOfAnEarlierProgramAreShownWithoutTimes() throws {
        try withTemporaryDirectory { folder in
            try HostFiles.write(Array("one\ntwo".utf8), to: folder.appending("stdout.log"), mode: 0o600)
            try HostFiles.write(Array("oops\n".utf8), to: folder.appending("stderr.log"), mode: 0o600)
            let reader = LogReader(folder: folder)
            let (all, since) = (try reader.story().lines, try reader.story(since: Moment(milliseconds: 1)).lines)
            #expect(shown(all) == ["- stderr oops", "- stdout one", "- stdout two…"])
            #expect(since.isEmpty)
        }
    }

    @Test(arguments: [
        "", "x", "2026-08-01T10:00:00.000Z stdout F", "2026-08-01T10:00:00.000Z stdin F x", "x stdout F y",
    ])
    func whatIsNoLineOfAStoryIsPassedOver(line: String) {
        #expect(LogEntry(line: Array(line.utf8)[...]) == nil)
    }

    @Test func theLineThatSaysWhatWentWrongIsFoundAboveALongTrace() async throws {
        try await withLog { log, _ in
            let trace = (0..<60).map { "    at call\($0) (main.js:\($0):1)\n" }.joined()
            log.append(Array("Error: no luck\n\(trace)".utf8), from: .error)
            #expect(log.lastReason == "Error: no luck")
            #expect(log.lastLines.count == LineTail.lineCount)
            log.beginRun()
            #expect(log.lastReason == nil)
        }
    }
}
