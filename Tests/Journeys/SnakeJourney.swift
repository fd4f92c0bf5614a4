// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Subprocess
import TestSupport
import Testing

/// A worker of the published Python SDK and the real engine, as its author lives through them.
@Suite(.timeLimit(.minutes(20))) struct SnakeJourney {
    @Test func aWorkerFindsTheEngineAgainAfterItWasKilled() async throws {
        try await Road.open { road in
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { first in
                try await SnakeWorker.run(road, url: first.url) {
                    let before = try await road.answer("snake::pid", "word=hi")
                    #expect(before["word"] == "hi")
                    kill(first.process.value, SIGKILL)
                    try await RunningProject.open(road, listen: first.address) { second in
                        #expect(second.url == first.url)
                        let after = try await road.answer("snake::pid", "word=again")
                        #expect(after["word"] == "again")
                        #expect(after["pid"] == before["pid"])
                        let row = try await road.answer("engine::workers::info", "name=snake")
                        #expect(row["worker"]?["status"] == "connected")
                        #expect(row["worker"]?["runtime"] == "python")
                    }
                }
            }
        }
    }

    /// Whoever asks the engine connects to it; nobody else does, least of all the engine itself.
    @Test func theEngineIsLeftAloneByItself() async throws {
        try await Road.open { road in
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                try await SnakeWorker.run(road, url: engine.url) {
                    func seen() async throws -> Int64 {
                        guard case .number(let number)? = try await road.answer("snake::seen")["count"] else {
                            return -1
                        }
                        return number.int64 ?? -1
                    }
                    var counts: [Int64] = []
                    // The binding may take effect after the function can be called.
                    while counts.last ?? 0 < 1 { counts.append(try await seen()) }
                    for _ in 0..<5 { counts.append(try await seen()) }
                    let increases = zip(counts, counts.dropFirst()).map { $1 - $0 }
                    #expect(increases.suffix(5).reduce(0, +) <= 6, "\(counts)")
                }
            }
        }
    }
}
