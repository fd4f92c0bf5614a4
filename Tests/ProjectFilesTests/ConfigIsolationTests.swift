// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Manifests
import ProjectFiles
import Testing
import WorkerModel

/// `isolation:` is written into an entry, and nothing else changes.
struct ConfigIsolationTests {
    @Test(arguments: [
        ("workers:\n  - name: a # mine\n", "workers:\n  - name: a # mine\n    isolation: vm\n"),
        (
            "workers:\n  - name: a\n    isolation: none # for now\n    config:\n      b: 1\n",
            "workers:\n  - name: a\n    isolation: vm # for now\n    config:\n      b: 1\n"
        ),
        ("workers: [{name: a}]\n", "workers: [{name: a, isolation: vm}]\n"),
        ("workers:\n  - name: a\n    isolation: vm\n", "workers:\n  - name: a\n    isolation: vm\n"),
    ])
    func isWrittenInPlace(before: String, after: String) throws {
        let changed = try ConfigFile(parsing: before).settingIsolation("vm", of: try WorkerName(parsing: "a"))
        #expect(changed.text == after)
        #expect(changed.entries[0].isolation == "vm")
    }

    @Test func needsAnEntry() throws {
        let name = try WorkerName(parsing: "a")
        #expect(throws: ConfigFileError.self) {
            try ConfigFile(parsing: "workers: []\n").settingIsolation("vm", of: name)
        }
    }

    @Test func anEntrySaysWhatItsWorkerMayCall() throws {
        let text = """
            workers:
              - name: assistant
                may_call: ["shell::run", { "worker::add": { isolation: none } }]
                env: [TOKEN]

            """
        let entry = try #require(try ConfigFile(parsing: text).entries.first)
        #expect(entry.mayCall.grants.map(\.pattern.description) == ["shell::run", "worker::add"])
        #expect(entry.mayCall.grant(for: "worker::add")?.isolation == "none")
        #expect(entry.variables == ["TOKEN"])
        #expect(throws: ConfigFileError.self) {
            try ConfigFile(parsing: "workers:\n  - name: a\n    may_call: shell::run\n")
        }
    }

    @Test(arguments: [
        (
            "workers:\n  - name: a # mine\n    config:\n      may_call: [\"*\"]\n", ["shell::run"],
            ["shell::run"]
        ),
        ("workers:\n  - name: a\n    may_call:\n      - one::x # why\n", ["two::y"], ["one::x", "two::y"]),
        (
            "workers: [{name: a, may_call: [{\"worker::add\": {isolation: none}}]}]\n", ["a:b", "[x]", "*"],
            ["worker::add", "a:b", "[x]", "*"]
        ),
        ("workers:\n  - name: a\n    may_call:\n", ["shell::*"], ["shell::*"]),
    ])
    func grantsAreAddedToTheirEntry(before: String, patterns: [String], after: [String]) throws {
        let name = try WorkerName(parsing: "a")
        let config = try ConfigFile(parsing: before)
        let changed = try config.granting(patterns, to: name)
        // Read again from its text, as everybody else does; what was there stays what it was.
        let entry = try #require(try ConfigFile(parsing: Array(changed.text.utf8))[name])
        #expect(entry.mayCall.grants.map(\.pattern.description) == after)
        #expect(entry.config == config[name]?.config)
        #expect(
            entry.mayCall.grant(for: "worker::add")?.isolation
                == config[name]?.mayCall.grant(for: "worker::add")?.isolation
        )
    }
}
