// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import Sandboxing
import SystemPackage
import TestSupport
import Testing

@testable import WorkerSupervisor

@Suite struct LogTests {
    private func text(_ path: FilePath) -> String? {
        FileManager.default.contents(atPath: path.string).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func logsAreCutIntoFilesAndTheOldestGo() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appending("stdout.log")
            var log = LogFile(path, limit: 10)
            for word in ["aaaaaa\n", "bbbbbb\n", "cccccc\n", "dddddd\n", "eeeeee\n"] { log.append(Array(word.utf8)) }
            log.close()
            #expect(text(path) == "eeeeee\n")
            #expect(text(FilePath("\(path).1")) == "dddddd\n")
            #expect(text(FilePath("\(path).3")) == "bbbbbb\n")
            #expect(text(FilePath("\(path).4")) == nil)
        }
    }

    @Test func aLogGoesOnWhereItWas() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appending("stdout.log")
            for word in ["one\n", "two\n"] {
                var log = LogFile(path, limit: 6)
                log.append(Array(word.utf8))
                log.close()
            }
            #expect(text(path) == "two\n")
            #expect(text(FilePath("\(path).1")) == "one\n")
        }
    }

    @Test(arguments: [
        (2, "b\nc\n"), (1, "c\n"), (0, ""), (9, "a\nb\nc\n"),
    ])
    func theLastLinesOfAFileAreRead(count: Int, expected: String) throws {
        #expect(Array(LogReader.lastLines(count, of: Array("a\nb\nc\n".utf8))) == Array(expected.utf8))
    }

    @Test func linesBeforeTheCutAreFoundToo() throws {
        try withTemporaryDirectory { folder in
            try "old\nolder\n".write(toFile: folder.appending("stdout.log.1").string, atomically: true, encoding: .utf8)
            try "new".write(toFile: folder.appending("stdout.log").string, atomically: true, encoding: .utf8)
            let reader = LogReader(folder: folder)
            #expect(reader.hasLogs)
            #expect(String(decoding: try reader.last(2, of: .output), as: UTF8.self) == "older\nnew")
            #expect(try reader.last(5, of: .error).isEmpty)
        }
    }

    @Test func followingLosesNothingAtACut() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appending("stdout.log")
            var log = LogFile(path, limit: 10)
            log.append(Array("before\n".utf8))
            var follower = LogFollower(path)
            #expect(follower.next().isEmpty)
            log.append(Array("1\n".utf8))
            #expect(follower.next() == Array("1\n".utf8))
            log.append(Array("2\n".utf8))
            log.append(Array("3\n".utf8))
            #expect(follower.next() == Array("2\n3\n".utf8))
            log.append(Array("a line that is long\n".utf8))
            #expect(follower.next() == Array("a line that is long\n".utf8))
        }
    }
}
