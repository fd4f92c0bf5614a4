// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import Logging
import Testing

@testable import Engine

/// `engine::log::*`: lines of workers in the engine's log.
@Suite struct HubLogTests {
    @Test(arguments: [
        ("trace", Logger.Level.trace), ("debug", .debug), ("info", .info), ("warn", .warning), ("error", .error),
    ])
    func aLineIsPassedOnAsLoudAsItIs(name: String, level: Logger.Level) throws {
        var hub = HubDriver()
        let worker = hub.worker("shop")
        #expect(hub.call(worker, "engine::log::\(name)", ["message": "sold out", "data": ["item": 7]]) == .null)
        let line = try #require(hub.lines.last)
        #expect(hub.notes.last == "worker says")
        #expect(line.level == level)
        #expect(line.metadata["message"] == "sold out")
        #expect(line.metadata["data"] == #"{"item":7}"#)
        #expect(line.metadata["worker.name"] == "shop")
    }

    /// What is no text is shown as JSON; nothing of it moves the cursor, or is longer than a line.
    @Test func whatStrangersWriteIsMadeSafe() throws {
        var hub = HubDriver()
        let worker = hub.worker("w", as: .stranger)
        _ = hub.call(worker, "engine::log::info", ["message": "a\u{1B}[2Jb\nlevel=error"])
        let text = "\(try #require(hub.lines.last?.metadata["message"]))"
        #expect(!text.contains("\u{1B}") && !text.contains("\n"), "\(text)")
        _ = hub.call(worker, "engine::log::info", ["message": ["k": 1]])
        #expect(hub.lines.last?.metadata["message"] == #"{"k":1}"#)
        _ = hub.call(worker, "engine::log::info", ["message": .string(String(repeating: "x", count: 100_000))])
        #expect("\(try #require(hub.lines.last?.metadata["message"]))".utf8.count < 2000)
        #expect(hub.call(worker, "engine::log::info", [:]) == .null)
    }

    @Test func whoGoesOnAndOnIsToldQuietly() {
        var hub = HubDriver()
        let chatty = hub.worker("chatty")
        let other = hub.worker("other")
        for _ in 0..<150 { _ = hub.call(chatty, "engine::log::error", ["message": "x"]) }
        #expect(hub.lines.count { $0.level == .error } == 100)
        #expect(hub.lines.last?.level == .trace)
        _ = hub.call(other, "engine::log::error", ["message": "y"])
        #expect(hub.lines.last?.level == .error)
    }
}
