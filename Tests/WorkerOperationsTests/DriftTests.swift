// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Manifests
import ProjectFiles
import Testing
import WorkerModel

@testable import WorkerOperations

/// Where config.yaml, iii.lock and the manifests of local workers disagree, in the words of the report.
@Suite struct DriftTests {
    private func lines(_ state: ProjectState) -> [String] { state.drift(RegistryList()).map(\.line) }

    /// A project whose lock file was written with these needs, and whose manifests now have others.
    private func project(locked: [String: String], now: [String: String]?) throws -> ProjectState {
        var state = try Made.empty()
        state.lock.manifest = LockedManifest(try Made.local(nil, needs: locked).dependencies)
        if let now { state.locals.workers = [try Made.local(nil, needs: now)] }
        return state
    }

    @Test func nothingDriftsWhereAllAgree() throws {
        #expect(try lines(project(locked: ["a": "^1.0"], now: ["a": "^1.0"])).isEmpty)
        #expect(try lines(Made.project(Made.answer("*", Made.node("a", "1.0.0")))).isEmpty)
        #expect(try lines(Made.empty("workers:\n  - name: iii-http\n  - name: x\n    worker_path: /x\n")).isEmpty)
    }

    /// Somebody has taken an entry out of `config.yaml` by hand.
    private func unlisting(_ name: String) throws -> ProjectState {
        var state = try Made.project(
            Made.answer("^1.0", Made.node("app", "1.0.0", needs: ["base": "*"]), Made.node("base", "1.1.0")),
            Made.answer("*", Made.node("tool", "2.0.0"))
        )
        state.config = try state.config.removing(Made.name(name))
        return state
    }

    @Test func whatOnlyTheLockFileHasIsTold() throws {
        let state = try unlisting("app")
        #expect(lines(state) == ["- app 1.0.0 (in lock, not in config.yaml)"])
        #expect(state.drift(RegistryList()).allSatisfy { $0.fix.contains("`iii worker update`") })
    }

    @Test func theLockFileFollowsAndWhatNobodyElseNeedsGoesToo() throws {
        var state = try unlisting("app")
        let gone = try state.followConfig()
        #expect(gone.unlisted.map(\.description) == ["app"] && gone.pruned.map(\.description) == ["base"])
        #expect(state.locked == ["tool 2.0.0"] && state.listed == ["tool"])
        #expect(lines(state).isEmpty)
    }

    @Test func whatAnotherWorkerNeedsStays() throws {
        var state = try unlisting("base")
        #expect(lines(state).isEmpty)
        #expect(try state.followConfig().unlisted.isEmpty)
        #expect(state.locked == ["app 1.0.0", "base 1.1.0", "tool 2.0.0"])
    }

    @Test(arguments: ["", "# soon\n"]) func aFileThatSaysNothingTakesNothingOut(text: String) throws {
        var state = try unlisting("app")
        state.config = try ConfigFile(parsing: text)
        #expect(state.unlisted.isEmpty)
        state.config = try ConfigFile(parsing: "workers: []\n")
        #expect(state.unlisted.map(\.description) == ["app", "base", "tool"])
    }

    @Test func addedRemovedAndChangedNeedsAreTold() throws {
        let state = try project(
            locked: ["gone": "*", "b": "^1.0", "same": "*"],
            now: ["b": "^2.0", "same": "*", "new": "~1"]
        )
        #expect(
            lines(state) == [
                #"+ new "~1" (not in lock)"#, #"- gone "*" (in lock, not in manifest)"#, #"~ b "^1.0" → "^2.0""#,
            ]
        )
        #expect(state.drift(RegistryList()).allSatisfy { $0.fix.contains("iii worker update") })
    }

    @Test func aManifestThatIsGoneIsTold() throws {
        #expect(
            try lines(project(locked: ["a": "^1.0"], now: nil)) == [
                "- iii.worker.yaml (in lock, but there is none)", #"- a "^1.0" (in lock, not in manifest)"#,
            ]
        )
    }

    @Test func aHashAloneTellsThatSomethingChanged() throws {
        #expect(try lines(project(locked: ["a": "next"], now: ["a": "next"])).isEmpty)
        #expect(try lines(project(locked: ["a": "next"], now: ["a": "rc"])).count == 1)
    }

    @Test func aLockFileWithoutHashHasToHoldWhatIsNeeded() throws {
        var state = try Made.project(Made.answer("*", Made.node("a", "1.0.0")))
        state.locals.workers = [try Made.local("tool", needs: ["a": "^1.0", "b": "*"])]
        #expect(lines(state) == [#"+ b "*" (not in lock)"#])
    }

    @Test func aWorkerThatIsNotLockedIsTold() throws {
        #expect(try lines(Made.empty("workers:\n  - name: a\n")) == ["+ a (in config.yaml, not in lock)"])
    }

    @Test func allManifestsOfAProjectCount() throws {
        var state = try Made.empty()
        state.locals.workers = [
            try Made.local("one", needs: ["a": "^1.0"]), try Made.local("two", needs: ["a": "^1.2", "b": "*"]),
        ]
        state.lock.manifest = try #require(state.locals.lockedManifest)
        #expect(lines(state).isEmpty)
        state.locals.workers[1] = try Made.local("two", needs: ["a": "^1.3", "b": "*"])
        #expect(lines(state).count == 1)
    }
}
