// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import Manifests
import ProjectFiles
import RegistryAPI
import Testing
import WorkerModel

@testable import WorkerOperations

/// What workers ask to call is granted by the project's owner alone.
@Suite struct CallWishTests {
    private func node(_ calls: [String]?, _ version: String = "1.0.0") throws -> GraphNode {
        var node = try Made.node("assistant", version)
        node.calls = calls
        return node
    }

    private func plan(_ calls: [String]?, _ version: String = "1.0.0", in state: ProjectState) throws -> InstallPlan {
        let answer = try Made.answer("^1", node(calls, version))
        return try InstallPlan(InstallPlan.Input(answers: [answer]), in: state)
    }

    private func shown(_ wishes: [CallWish]) -> [String] { wishes.map { "\($0.name) \($0.sentence)" } }

    @Test(arguments: [
        ("", ["shell::run", "a::*"], ["assistant asks to call shell::run, a::*"]),
        (
            "workers: [{name: assistant, may_call: [\"shell::*\"]}]", ["shell::run", "a::*"],
            ["assistant asks to call a::*"]
        ),
        ("workers: [{name: assistant, may_call: [\"*\"]}]", ["shell::run"], []),
        (
            "workers: [{name: assistant, config: {may_call: [\"*\"]}}]", ["shell::run"],
            ["assistant asks to call shell::run"]
        ),
        ("", [], []),
    ])
    func whatIsNotGrantedYetIsAskedFor(config: String, calls: [String], expected: [String]) throws {
        let state = try Made.empty(config)
        let told = try plan(calls, in: state).wishes(in: state)
        #expect(shown(told) == expected)
    }

    @Test func anUpdateThatAsksForMoreIsShownAsSuch() throws {
        var state = try Made.empty()
        try state.add(InstallPlan.Input(answers: [Made.answer("^1", node(["shell::run"]))]))
        try state.grant([
            CallWish(name: Made.name("assistant"), calls: [CallPattern(parsing: "shell::run")], isMore: false)
        ])
        let same = try plan(["shell::run"], "1.1.0", in: state)
        #expect(try same.wishes(in: state).isEmpty)
        let more = try plan(["shell::run", "worker::add"], "1.2.0", in: state)
        #expect(shown(try more.wishes(in: state)) == ["assistant now also asks to call worker::add"])
    }

    /// What the registry does not say stands in the manifest.
    @Test func theManifestCountsWhereTheRegistrySaysNothing() throws {
        let state = try Made.empty()
        let manifest = try WorkerManifest(parsing: Array("name: assistant\ncalls: [\"shell::run\"]\n".utf8))
        #expect(try plan(nil, in: state).wishes(in: state).isEmpty)
        let told = try plan(nil, in: state).wishes(in: state) { _ in manifest }
        #expect(shown(told) == ["assistant asks to call shell::run"])
    }

    @Test(arguments: ["", "a b", "${HOME}::x", String(repeating: "a", count: 257)])
    func whatARegistrySaysIsNoMoreThanAPattern(call: String) throws {
        let state = try Made.empty()
        Made.expect(.registry) { try plan([call], in: state).wishes(in: state) }
    }

    @Test func moreThanAnEntryHoldsIsRefused() throws {
        let state = try Made.empty()
        Made.expect(.registry) { try plan((0...256).map { "a::f\($0)" }, in: state).wishes(in: state) }
    }

    /// Whatever the default configuration says, it lands below `config:`.
    @Test func aRegistryWritesNoGrant() throws {
        var state = try Made.empty()
        var node = try node(["shell::run"])
        node.config = ["may_call": ["*"], "x\n    may_call": ["*"]]
        try state.add(InstallPlan.Input(answers: [Made.answer("^1", node)]))
        let entry = try #require(try ConfigFile(parsing: Array(state.config.text.utf8)).entries.first)
        #expect(entry.mayCall.isEmpty)
    }

    @Test func theRefusalHasTheLineToWrite() throws {
        let wish = CallWish(
            name: try Made.name("assistant"),
            calls: [try CallPattern(parsing: "a::b"), try CallPattern(parsing: "c::*")],
            isMore: false
        )
        let error = CallsNotGranted(wishes: [wish])
        #expect(error.code.exitStatus == 3)
        #expect(error.message == "`assistant` asks to call a::b, c::*, which nobody has granted")
        #expect(
            error.hints.first
                == "write `may_call: [\"a::b\", \"c::*\"]` into the entry `- name: assistant` of config.yaml"
        )
    }
}
