// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ProjectFiles
import Manifests
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
}
