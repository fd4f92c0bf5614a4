// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import ProjectFiles
import SystemPackage
import Testing
import WorkerModel

@testable import WorkerOperations

/// Workers that no registry decides on: local folders, images named directly, parts of the engine.
@Suite struct OwnWorkersTests {
    private static func adding(
        _ local: LocalWorker,
        _ answers: InstallPlan.Answer...
    ) -> InstallPlan.Input {
        InstallPlan.Input(answers: answers, locals: [local])
    }

    private static func image(_ text: String) throws -> LockedImage {
        LockedImage(reference: try ImageReference(parsing: text), digest: Digest.sha256(text.utf8))
    }

    @Test func aLocalWorkerIsUsedInPlaceAndItsNeedsAreInstalled() throws {
        var state = try Made.empty("# mine\nworkers: []\n")
        let tool = try Made.local("tool", needs: ["stats": "^1.0"])
        try state.add(
            Self.adding(tool, Made.answer("^1.0", Made.node("stats", "1.2.0"), isAsked: false))
        )
        #expect(state.config.text == "# mine\nworkers:\n  - name: stats\n  - name: tool\n    worker_path: /work/tool\n")
        #expect(state.locked == ["stats 1.2.0"])
        // Nobody asked for it by name.
        #expect(state.lock.workers[try Made.name("stats")]?.selector == nil)
        #expect(state.lock.manifest == .declared([try Made.name("stats"): LockedRange("^1.0")]))
    }

    @Test func removingALocalWorkerUndoesAddingIt() throws {
        let before = try Made.empty("# mine\nworkers: []\n")
        var state = before
        try state.add(
            Self.adding(
                try Made.local("tool", needs: ["stats": "^1.0"]),
                Made.answer("^1.0", Made.node("stats", "1.2.0"), isAsked: false)
            )
        )
        #expect(try state.remove([Made.name("tool")]).map(\.description) == ["stats"])
        #expect(state.config.text == before.config.text)
        #expect(state.lock == before.lock)
    }

    @Test func aLocalWorkerWhoseNeedsAreLockedAsksNobody() throws {
        var state = try Made.project(Made.answer("*", Made.node("stats", "1.2.0")))
        try state.add(Self.adding(try Made.local("tool", needs: ["stats": "^1.0"])))
        #expect(state.locked == ["stats 1.2.0"])
        #expect(state.listed == ["stats", "tool"])
    }

    @Test func whatALocalWorkerNeedsIsNotRemovedAndNotBroken() throws {
        var state = try Made.empty()
        try state.add(
            Self.adding(
                try Made.local("tool", needs: ["stats": "^1.0"]),
                Made.answer("^1.0", Made.node("stats", "1.2.0"), isAsked: false)
            )
        )
        #expect(throws: RemovalError.needed(try Made.name("stats"), by: [try Made.name("tool")])) {
            try state.remove([Made.name("stats")])
        }
        let error = Made.expect(.versionConflict) {
            try state.add(InstallPlan.Input(answers: [Made.answer("^2.0", Made.node("stats", "2.0.0"))]))
        }
        #expect(error?.message.contains("`^1.0` for `tool`") == true)
    }

    @Test func aLocalWorkerStandsInForTheOneOfTheRegistry() throws {
        var state = try Made.empty()
        try state.add(Self.adding(try Made.local("stats", version: "1.9.0")))
        try state.add(
            InstallPlan.Input(answers: [
                Made.answer("*", Made.node("app", "1.0.0", needs: ["stats": "^1.0"]), Made.node("stats", "1.2.0"))
            ])
        )
        #expect(state.locked == ["app 1.0.0"])
        #expect(state.config[try Made.name("stats")]?.source == .path("/work/stats"))
        let newer = try Made.answer(
            "*",
            Made.node("next", "1.0.0", needs: ["stats": "^2.0"]),
            Made.node("stats", "2.0.0")
        )
        Made.expect(.versionConflict) { try state.add(InstallPlan.Input(answers: [newer])) }
    }

    @Test func aKindIsSwitchedWhereTheUserAsksForIt() throws {
        var state = try Made.project(Made.answer("*", Made.node("stats", "1.2.0")))
        try state.add(Self.adding(try Made.local("stats")))
        #expect(state.locked.isEmpty)
        #expect(state.config[try Made.name("stats")]?.source == .path("/work/stats"))
        try state.add(InstallPlan.Input(answers: [Made.answer("*", Made.node("stats", "1.2.0"))]))
        #expect(state.locked == ["stats 1.2.0"])
        #expect(state.config[try Made.name("stats")]?.source == .named)
    }

    @Test func anImageIsListedAsItWasWrittenAndLockedByItsDigest() throws {
        var state = try Made.empty()
        let image = try Self.image("localhost:5000/org/worker:1.2")
        let before = state
        try state.add(InstallPlan.Input(images: [try Made.name("worker"): image]))
        #expect(state.config[try Made.name("worker")]?.source == .image("localhost:5000/org/worker:1.2"))
        let locked = try #require(state.lock.workers[try Made.name("worker")])
        #expect(locked.source == .image("localhost:5000/org/worker@sha256:\(image.digest)"))
        #expect(locked.version.description == "1.2")
        // What is written can be read.
        #expect(try Lockfile(parsing: state.lock.bytes()) == state.lock)
        #expect(try state.remove([Made.name("worker")]).isEmpty)
        #expect(state.lock == before.lock)
    }

    @Test func aPartOfTheEngineIsListedAndNothingElse() throws {
        var state = try Made.empty()
        try state.add(InstallPlan.Input(builtins: [try Made.name("iii-http")]))
        #expect(state.listed == ["iii-http"])
        #expect(state.lock.isEmpty)
    }

    @Test func aManifestThatCannotBeReadChangesNothingButItsOwnPart() throws {
        var state = try Made.project(
            Made.answer("*", Made.node("a", "1.0.0", needs: ["b": "*"]), Made.node("b", "1.0.0"))
        )
        state.lock.manifest = .declared([try Made.name("b"): LockedRange("^1.0")])
        let manifest = state.lock.manifest
        state.locals.problems = [
            LocalWorkers.Problem(name: nil, folder: "/work", error: LocalFolderError.noManifest("/work"))
        ]
        // Who knows what it needs: nothing is taken out besides what was named.
        #expect(try state.remove([Made.name("a")]).isEmpty)
        #expect(state.locked == ["b 1.0.0"])
        #expect(state.lock.manifest == manifest)
    }
}
