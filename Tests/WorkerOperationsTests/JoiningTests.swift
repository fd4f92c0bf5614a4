// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import ProjectFiles
import RegistryAPI
import Resolution
import Testing
import WorkerModel

@testable import WorkerOperations

/// One version of each worker: the answers of a registry and what the project has are joined, or the conflict is told.
@Suite struct JoiningTests {
    @Test func workersThatCanLiveTogetherAreNotRefused() throws {
        // Each alone gets something newer than both can have together.
        let plan = try InstallPlan(
            InstallPlan.Input(answers: [
                Made.answer("*", Made.node("a", "1.0.0", needs: ["c": "^1.0"]), Made.node("c", "1.5.0")),
                Made.answer("*", Made.node("b", "1.0.0", needs: ["c": "~1.4"]), Made.node("c", "1.4.9")),
            ]),
            in: Made.empty()
        )
        #expect(plan.brief == ["c 1.4.9", "a 1.0.0", "b 1.0.0"])
    }

    @Test func whatTheLosingVersionNeededIsNotInstalled() throws {
        let plan = try InstallPlan(
            InstallPlan.Input(answers: [
                Made.answer(
                    "*",
                    Made.node("a", "1.0.0", needs: ["c": "^1.0"]),
                    Made.node("c", "1.5.0", needs: ["d": "*"]),
                    Made.node("d", "1.0.0")
                ), Made.answer("*", Made.node("b", "1.0.0", needs: ["c": "~1.4"]), Made.node("c", "1.4.9")),
            ]),
            in: Made.empty()
        )
        #expect(!plan.brief.contains("d 1.0.0"))
    }

    @Test func aDependencyMovesOnlyWhereItMust() throws {
        var state = try Made.project(
            Made.answer("*", Made.node("a", "1.0.0", needs: ["c": "^1.0"]), Made.node("c", "1.4.0"))
        )
        try state.add(
            InstallPlan.Input(answers: [
                Made.answer("*", Made.node("b", "1.0.0", needs: ["c": "^1.2"]), Made.node("c", "1.9.0"))
            ])
        )
        #expect(state.locked == ["a 1.0.0", "b 1.0.0", "c 1.4.0"])
        try state.add(
            InstallPlan.Input(answers: [
                Made.answer("*", Made.node("e", "1.0.0", needs: ["c": "^1.6"]), Made.node("c", "1.9.0"))
            ])
        )
        #expect(state.locked == ["a 1.0.0", "b 1.0.0", "c 1.9.0", "e 1.0.0"])
    }

    @Test func aConflictTellsWhoAsksForWhatThroughWhom() throws {
        let error = Made.expect(.versionConflict) {
            try InstallPlan(
                InstallPlan.Input(answers: [
                    Made.answer(
                        "*",
                        Made.node("app", "1.0.0", needs: ["old": "*"]),
                        Made.node("old", "2.0.0", needs: ["base": "^1.0"]),
                        Made.node("base", "1.3.0")
                    ), Made.answer("*", Made.node("new", "1.0.0", needs: ["base": "^2.0"]), Made.node("base", "2.1.0")),
                ]),
                in: Made.empty()
            )
        }
        #expect(
            error?.message
                == "no version of `base` meets all that is asked of it: `^2.0` for `new`, `^1.0` for `app -> old`"
        )
        // Neither is in the project: there is nothing to update.
        #expect(error?.hints.contains { $0.contains("iii worker update") } == false)
    }

    @Test func onlyWhatTheProjectHasIsToBeUpdated() throws {
        let state = try Made.project(
            Made.answer("*", Made.node("app", "1.0.0", needs: ["base": "^1.0"]), Made.node("base", "1.3.0"))
        )
        let error = Made.expect(.versionConflict) {
            try InstallPlan(
                InstallPlan.Input(answers: [
                    Made.answer("*", Made.node("new", "1.0.0", needs: ["base": "^2.0"]), Made.node("base", "2.1.0"))
                ]),
                in: state
            )
        }
        #expect(error?.hints.contains { $0.contains("`iii worker update app`") } == true)
    }

    @Test func aChannelOfADependencyMeansWhatTheRegistrySaid() throws {
        var state = try Made.project(Made.answer("*", Made.node("c", "1.0.0")))
        let answer = try Made.answer(
            "*",
            Made.node("a", "1.0.0", needs: ["c": "next"]),
            Made.node("c", "2.0.0-rc.1")
        )
        let error = Made.expect(.versionConflict) { try state.add(InstallPlan.Input(answers: [answer])) }
        #expect(error?.message.contains("`next` for `a`") == true)
    }

    @Test func limitsHoldForEachWorkerThatIsAskedForAndOnlyForNewOnes() throws {
        let names = (0..<20).map { "w\($0)" }
        func wide(_ root: String) throws -> InstallPlan.Answer {
            let needs = Dictionary(names.map { ("\(root)-\($0)", "*") }) { first, _ in first }
            var answer = try Made.answer("*", Made.node(root, "1.0.0", needs: needs))
            answer = InstallPlan.Answer(
                name: answer.name,
                selector: answer.selector,
                graph: .init(
                    root: answer.graph.root,
                    nodes: try names.map { try Made.node("\(root)-\($0)", "1.0.0") } + answer.graph.nodes,
                    edges: answer.graph.edges
                ),
                registry: Made.registry,
                recorded: answer.selector
            )
            return answer
        }
        var state = try Made.empty()
        // Forty workers come along, but no more than twenty for either.
        try state.add(InstallPlan.Input(answers: [wide("a"), wide("b")]))
        #expect(state.locked.count == 42)
        var tight = InstallPlan.Input(answers: [try wide("c")])
        tight.limits = DependencyGraph.Limits(depth: 5, workers: 19)
        Made.expect(.graphExceeded) { try InstallPlan(tight, in: state) }
        // What the project has already was allowed once.
        tight.answers = [try wide("a")]
        _ = try InstallPlan(tight, in: state)
    }

    @Test func aChainDeeperThanAllowedIsRefusedWithDimensionAndLimit() throws {
        var nodes = [try Made.node("w6", "1.0.0")]
        for index in (0..<6).reversed() {
            nodes.insert(try Made.node("w\(index)", "1.0.0", needs: ["w\(index + 1)": "*"]), at: 0)
        }
        let root = try #require(nodes.first)
        let answer = InstallPlan.Answer(
            name: root.name,
            selector: .latest,
            graph: .init(
                root: .init(name: root.name, version: root.version),
                nodes: nodes,
                edges: nodes.flatMap { node in
                    node.dependencies.map { .init(from: node.name, to: $0.name, range: $0.selector) }
                }
            ),
            registry: Made.registry,
            recorded: .latest
        )
        let error = Made.expect(.graphExceeded) {
            try InstallPlan(InstallPlan.Input(answers: [answer]), in: Made.empty())
        }
        #expect(error?.details.map(\.value) == ["depth", "5", "6"])
        var deep = InstallPlan.Input(answers: [answer])
        deep.limits.depth = 6
        #expect(try InstallPlan(deep, in: Made.empty()).depth == 6)
    }

    @Test func aLockFileThatContradictsItselfDoesNotStopOtherWorkers() throws {
        var state = try Made.project(
            Made.answer("*", Made.node("a", "1.0.0", needs: ["c": "^1.0"]), Made.node("c", "1.4.0"))
        )
        state.lock.workers[try Made.name("c")] = nil
        try state.add(InstallPlan.Input(answers: [Made.answer("*", Made.node("b", "1.0.0"))]))
        #expect(state.locked == ["a 1.0.0", "b 1.0.0"])
    }
}
