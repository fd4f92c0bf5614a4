// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Testing
import WorkerModel

/// Names are one safe component of a path and of a URL.
struct WorkerNameTests {
    @Test(arguments: [
        "a", "state", "iii-state", "image_resize", "A.b-C_d", "0", "-a", "a.", String(repeating: "n", count: 64),
    ])
    func readsNames(_ text: String) throws {
        #expect(try WorkerName(parsing: text).description == text)
    }

    @Test(arguments: [
        ("", WorkerNameError.Reason.empty), ("..", .dotDot), ("a..b", .dotDot), (".hidden", .leadingDot),
        (".", .leadingDot), ("a/b", .character(position: 2)), ("a b", .character(position: 2)),
        ("team/worker", .character(position: 5)), ("a\\b", .character(position: 2)), ("naïve", .character(position: 3)),
        ("a\u{0}", .character(position: 2)), ("a%2f", .character(position: 2)), ("a\n", .character(position: 2)),
        ("a@1", .character(position: 2)), ("..\u{301}", .leadingDot), (String(repeating: "n", count: 65), .tooLong),
    ])
    func refusesWhatIsNoName(_ text: String, reason: WorkerNameError.Reason) {
        let error = #expect(throws: WorkerNameError.self) { try WorkerName(parsing: text) }
        #expect(error?.reason == reason)
        #expect(error?.code == .invalidName)
    }

    @Test(arguments: ["a", "0", "iii-state", "image_resize", "a-_"])
    func readsNamesThatCanBePublished(_ text: String) throws {
        #expect(try WorkerName(parsingPublished: text).description == text)
    }

    @Test(arguments: [("A", 1), ("aB", 2), ("a.b", 2), ("-a", 1), ("_a", 1)])
    func refusesNamesThatCannotBePublished(_ text: String, position: Int) {
        let error = #expect(throws: WorkerNameError.self) { try WorkerName(parsingPublished: text) }
        #expect(error?.reason == .notPublishable(position: position))
    }

    @Test func ordersByBytes() throws {
        let names = try ["b", "a_b", "B", "a-b", "a"].map { try WorkerName(parsing: $0) }
        #expect(names.sorted().map(\.description) == ["B", "a", "a-b", "a_b", "b"])
    }

    @Test func messageShowsHostileNamesHarmlessly() {
        let error = #expect(throws: WorkerNameError.self) { try WorkerName(parsing: "a\u{1B}[31m\u{202E}") }
        #expect(error?.message.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E } == true)
    }
}
