// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import ProjectFiles
import Testing
import WorkerModel

@testable import WorkerOperations

/// What an update asks, what it moves, what it leaves.
@Suite struct UpdatingTests {
    private func questions(_ request: UpdateWorkers.Request, _ state: ProjectState) throws -> [String] {
        try UpdateWishes(request, in: state).questions.map { "\($0.name)@\($0.selector)" }
    }

    private func app(_ version: String, needs range: String, _ found: String) throws -> InstallPlan.Answer {
        try Made.answer("^1.0", Made.node("app", version, needs: ["base": range]), Made.node("base", found))
    }

    @Test func everythingIsAskedWithWhatItWasAskedForWith() throws {
        var state = try Made.project(app("1.0.0", needs: "^1.0", "1.1.0"), Made.answer("next", Made.node("b", "1.0.0")))
        state.locals.workers = [try Made.local("tool", needs: ["stats": "~2.1"])]
        #expect(try questions(UpdateWorkers.Request(), state) == ["app@^1.0", "b@next", "stats@~2.1"])
    }

    @Test func aDependencyIsAskedWithWhatOthersNeed() throws {
        let state = try Made.project(app("1.0.0", needs: "^1.0", "1.1.0"))
        #expect(try questions(UpdateWorkers.Request([Made.name("base")]), state) == ["base@^1.0"])
    }

    @Test func aLockFileWithoutSelectorsIsAskedForTheLatestOfWhatNobodyNeeds() throws {
        var state = try Made.project(app("1.0.0", needs: "^1.0", "1.1.0"))
        state.lock.workers[try Made.name("app")]?.selector = nil
        #expect(try questions(UpdateWorkers.Request(), state) == ["app@latest"])
    }

    @Test func whatIsNotLockedIsNamed() throws {
        Made.expect(.notInstalled) {
            try UpdateWishes(UpdateWorkers.Request([Made.name("ghost")]), in: Made.empty())
        }
    }

    @Test func updatingOneWorkerMovesItAndWhatMustMoveWithIt() throws {
        let state = try Made.project(app("1.0.0", needs: "^1.0", "1.1.0"), Made.answer("*", Made.node("c", "1.0.0")))
        let newer = try Made.answer(
            "^1.0",
            Made.node("app", "1.4.0", needs: ["base": "^1.0"]),
            Made.node("base", "1.9.0"),
            isAsked: false
        )
        let one = try InstallPlan(InstallPlan.Input(answers: [newer], moving: [Made.name("app")]), in: state)
        #expect(one.brief == ["base 1.1.0 kept", "app 1.4.0"])
        let all = try InstallPlan(InstallPlan.Input(answers: [newer], moving: nil), in: state)
        #expect(all.brief == ["base 1.9.0", "app 1.4.0"])
        #expect(all.changes.map(\.before) == ["1.1.0", "1.0.0"])
    }

    @Test func whatAnUpdateNoLongerNeedsIsTakenOut() throws {
        var state = try Made.project(app("1.0.0", needs: "^1.0", "1.1.0"))
        let alone = try Made.answer("^1.0", Made.node("app", "1.5.0"), isAsked: false)
        #expect(try state.add(InstallPlan.Input(answers: [alone], moving: nil)) == ["base"])
        #expect(state.locked == ["app 1.5.0"])
        // It still remembers what was asked for.
        #expect(state.lock.workers[try Made.name("app")]?.selector?.description == "^1.0")
    }

    @Test func theSameAnswerChangesNothing() throws {
        var state = try Made.project(app("1.0.0", needs: "^1.0", "1.1.0"))
        let before = state
        let same = try app("1.0.0", needs: "^1.0", "1.1.0")
        let plan = try InstallPlan(InstallPlan.Input(answers: [same], moving: nil), in: state)
        #expect(plan.changes.isEmpty)
        _ = try state.apply(plan)
        #expect(try state.change(from: before) == ProjectChange())
    }

    @Test func anUpdateStaysWithinWhatOthersOfTheProjectNeed() throws {
        let state = try Made.project(
            app("1.0.0", needs: "^1.0", "1.1.0"),
            Made.answer("*", Made.node("pin", "1.0.0", needs: ["base": "1.1.0"]), Made.node("base", "1.1.0"))
        )
        let newer = try Made.answer("^1.0", Made.node("base", "1.9.0"), isAsked: false)
        let plan = try InstallPlan(InstallPlan.Input(answers: [newer], moving: [Made.name("base")]), in: state)
        #expect(plan.brief == ["base 1.1.0 kept"])
    }

    @Test(arguments: [
        ("^1.2", "2.0.1", "^2.0.1"), ("~1.2", "2.0.1", "~2.0.1"), ("1.2.0", "2.0.1", "2.0.1"),
        ("latest", "2.0.1", "latest"), (">=1 <2", "2.0.1", "^2.0.1"), (">=1", "2.0.1", ">=1"),
        ("=1.0.0", "2.0.0", "2.0.0"),
    ])
    func beyondWhatWasAskedForTheSelectorMovesWithTheVersion(old: String, version: String, new: String) throws {
        let moved = try VersionSelector(parsing: old).moved(to: try SemanticVersion(parsing: version))
        #expect(moved.description == new)
        #expect(moved.mayMean(try SemanticVersion(parsing: version)))
    }
}
