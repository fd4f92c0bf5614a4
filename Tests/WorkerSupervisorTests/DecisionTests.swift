// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import Testing
import WorkerModel
import WorkerSupervisor

/// What is decided without touching anything.
@Suite struct DecisionTests {
    @Test func configBecomesVariables() throws {
        let config = try JSONValue(
            parsing:
                #"{"top":3,"nested":{"Deep-er":{"x":1},"b":true,"list":[1,"a"]},"text":"as is","n":null,"iii_url":1,"1a":2}"#
        )
        #expect(
            ConfigVariables.flatten(config) == [
                "TOP": "3", "NESTED_B": "true", "NESTED_LIST": #"[1,"a"]"#, "TEXT": "as is", "N": "null",
            ]
        )
        #expect(ConfigVariables.flatten(nil).isEmpty)
    }

    @Test func pausesDoubleAndEnd() {
        var policy = RestartPolicy()
        var pauses: [Duration] = []
        while case .restart(let pause) = policy.ended(after: .milliseconds(5)) { pauses.append(pause) }
        #expect(pauses.count == RestartPolicy.patience - 1)
        #expect(pauses.first == .milliseconds(500))
        #expect(pauses[1] == .seconds(1))
        #expect(pauses.last == .seconds(30))
    }

    @Test func whoeverWasSteadyBeginsAnew() {
        var policy = RestartPolicy()
        for _ in 0..<5 { _ = policy.ended(after: .zero) }
        #expect(policy.ended(after: .seconds(61)) == .restart(after: RestartPolicy.firstPause))
        #expect(policy.crashes == 1)
    }

    @Test func onlyWhatChangedIsTouched() throws {
        func declaration(_ name: String, _ version: String) throws -> WorkerDeclaration {
            WorkerDeclaration(name: try WorkerName(parsing: name), content: .builtIn, version: version)
        }
        let before = try [declaration("a", "1"), declaration("b", "1"), declaration("c", "1")]
        let running = Dictionary(uniqueKeysWithValues: before.map { ($0.name, $0) })
        let plan = ChangePlan(
            from: running,
            to: try [declaration("a", "1"), declaration("b", "2"), declaration("d", "1")]
        )
        #expect(plan.removed.map(\.description) == ["c"])
        #expect(plan.replaced.map(\.name.description) == ["b"])
        #expect(plan.added.map(\.name.description) == ["d"])
        #expect(ChangePlan(from: running, to: before).isEmpty)
    }

    @Test func theLastLinesAreKept() {
        var tail = LineTail()
        tail.append("one\ntwo\n".utf8)
        tail.append("thr".utf8)
        tail.append("ee".utf8)
        #expect(tail.lines == ["one", "two", "three"])
        for number in 0..<100 { tail.append("\n\(number)".utf8) }
        #expect(tail.lines.count == LineTail.lineCount)
        #expect(tail.lines.last == "99")
        tail.append(Array(repeating: UInt8(ascii: "x"), count: 100_000))
        #expect(tail.lines.last?.count == LineTail.lineLength)
    }
}
