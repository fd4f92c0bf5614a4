// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import Synchronization
import SystemPackage
import TestSupport
import Testing
import TransportTestSupport

/// What a person at a terminal sees and answers.
@Suite struct TerminalJourney {
    private static let question = "34 workers will be installed. Go on? [y/N] "

    /// A worker that needs 33 others.
    private func publishLarge(_ road: Road) async throws {
        let names = (0..<33).map { "w\($0)" }
        for name in names { try #require(try await road.publish(name, "1.0.0").status == 0) }
        let needs = Dictionary(names.map { ($0, "*") }) { first, _ in first }
        try #require(try await road.publish("all", "1.0.0", needs: needs).status == 0)
    }

    @Test func aLargePlanIsAskedForAndTheAnswerCounts() async throws {
        try await Road.open { road in
            try await publishLarge(road)
            let add = ["worker", "add", "all", "--max-workers", "33"]
            for (answer, words) in [
                ("n\r", "declined"), ("\r", "declined"), ("maybe\r", "declined"), ("\u{4}", "declined"),
            ] {
                let no = try await Typing.run(add, on: road, [.init(seen: Self.question, typed: answer)])
                #expect(no.status == 130 && no.output.contains("[W170]"), "\(answer): \(no.output)")
                #expect(no.output.contains(words), "\(no.output)")
                road.expectUntouched("answered \(answer)")
            }
            let interrupted = try await Typing.run(add, on: road, [.init(seen: Self.question, typed: Typing.interrupt)])
            #expect(
                interrupted.status == 130 && interrupted.output.contains("[W170] interrupted"),
                "\(interrupted.output)"
            )
            road.expectUntouched("interrupted")
            let yes = try await Typing.run(add, on: road, [.init(seen: Self.question, typed: "Yes\r")])
            #expect(yes.status == 0 && yes.output.contains("added all 1.0.0"), "\(yes.output)")
            #expect(try await road.iii("worker", "verify").status == 0)
        }
    }

    @Test(arguments: [40, 80, 200]) func barsKeepWithinTheTerminalAndAreTakenAway(columns: Int) async throws {
        try await Road.open { road in
            let noise = String(
                (0..<2_000_000).map { _ in "0123456789abcdefghijklmnopqrstuvwxyz".randomElement() ?? "0" }
            )
            try #require(
                try await road.publish("a-worker-with-a-long-name", "1.0.0", files: ["noise": noise]).status == 0
            )
            let result = try await Typing.run(
                ["worker", "add", "a-worker-with-a-long-name"],
                on: road,
                variables: ["NO_COLOR": "1"],
                columns: columns
            )
            #expect(result.status == 0, "\(result.output)")
            let erasure = "\u{1B}[J"
            let drawn = result.output.split(separator: erasure, omittingEmptySubsequences: false)
            let bars = drawn.flatMap { $0.split(whereSeparator: \.isNewline) }.filter {
                $0.contains("█") || $0.contains("░")
            }
            #expect(!bars.isEmpty, "\(result.output.debugDescription)")
            for bar in bars { #expect(bar.count < columns, "\(bar)") }
            // What stays is text alone, without a colour.
            #expect(!result.output.contains("m\u{1B}") && !result.output.contains("\u{1B}[3"))
            let last = try #require(drawn.last)
            #expect(!last.contains("░") && last.contains("added a-worker-with-a-long-name 1.0.0"), "\(last)")
        }
    }

    @Test func ctrlCWhileFetchingLeavesNothing() async throws {
        try await Road.open { road in
            let honest = try await LyingRegistry(on: road, size: 400_000)
            try await road.lied(
                resolving: { honest.graph(url: $0) },
                serving: {
                    let head = [LoopbackServer.Step].head(length: honest.archive.count)
                    return [.send(head + honest.archive.prefix(200_000)), .hang]
                }
            ) { variables in
                let result = try await Typing.run(
                    ["worker", "add", "a@1.0.0"],
                    on: road,
                    variables: variables,
                    [.init(seen: "░", typed: Typing.interrupt)]
                )
                #expect(result.status == 130 && result.output.contains("[W170] interrupted"), "\(result.output)")
                road.expectUntouched("interrupted")
            }
        }
    }

    @Test func withoutATerminalNothingIsDrawn() async throws {
        try await Road.open { road in
            try #require(
                try await road.publish("a", "1.0.0", files: ["noise": String(repeating: "x", count: 500_000)]).status
                    == 0
            )
            let result = try await road.iii("worker", "add", "a")
            #expect(
                result.status == 0 && !result.talk.contains("\u{1B}") && !result.talk.contains("\r"),
                "\(result.talk)"
            )
        }
    }
}

/// Counts from 1.
final class Counter: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}
