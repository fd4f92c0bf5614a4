// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import ProjectFiles
import RegistryAPI
import Resolution
import Testing
import WorkerModel

@testable import WorkerOperations

/// What adding and removing make of the two files, decided without a disk.
@Suite struct ProjectStateTests {
    private static let registry = "https://registry.example"

    /// An answer `root -> needs…`, each at the version that stands behind its name.
    private func answer(
        _ root: String,
        selector: String = "^1.0",
        config: JSONValue = [:],
        needs: [(String, range: String, version: String)] = []
    ) throws -> InstallPlan.Answer {
        let remote = RemoteArtifact(url: "https://cdn.example/x.tar.gz", digest: Digest.sha256(root.utf8))
        let name = try WorkerName(parsing: root)
        let dependencies = try needs.map { WorkerDependency(name: try WorkerName(parsing: $0.0), selector: $0.range) }
        var nodes = try needs.map { need in
            GraphNode(
                name: try WorkerName(parsing: need.0),
                version: try SemanticVersion(parsing: need.version),
                artifacts: .bundle(remote)
            )
        }
        nodes.append(
            GraphNode(
                name: name,
                version: SemanticVersion(1, 2, 0),
                artifacts: .bundle(remote),
                config: config,
                dependencies: dependencies
            )
        )
        let graph = RegistryAPI.ResolvedGraph(
            root: .init(name: name, version: SemanticVersion(1, 2, 0)),
            nodes: nodes,
            edges: dependencies.map { .init(from: name, to: $0.name, range: $0.selector) }
        )
        let selector = try VersionSelector(parsing: selector)
        return InstallPlan.Answer(
            name: name,
            selector: selector,
            graph: graph,
            registry: Self.registry,
            recorded: selector
        )
    }

    /// Plans and applies what one answer brings.
    private func install(
        _ answer: InstallPlan.Answer,
        into state: inout ProjectState,
        resetsConfig: Bool = false
    ) throws {
        let plan = try InstallPlan(InstallPlan.Input(answers: [answer]), in: state)
        _ = try state.apply(plan, resetsConfig: resetsConfig)
    }

    private func empty(_ config: String = "") throws -> ProjectState {
        ProjectState(config: try ConfigFile(parsing: config), lock: Lockfile())
    }

    private func names(_ state: ProjectState) -> [String] { state.config.entries.map(\.name.description) }

    @Test func addingWritesEveryWorkerAndRemembersWhatWasAskedFor() throws {
        var state = try empty("# mine\nworkers:\n")
        try install(answer("a", needs: [("b", "^2.0", "2.1.0")]), into: &state)
        #expect(names(state) == ["b", "a"])
        #expect(state.config.text.hasPrefix("# mine\nworkers:\n"))
        let a = try #require(state.lock.workers[WorkerName(parsing: "a")])
        let b = try #require(state.lock.workers[WorkerName(parsing: "b")])
        #expect(a.selector == .range(try VersionRequirement(parsing: "^1.0")))
        #expect(b.selector == nil)
        #expect(b.version.description == "2.1.0")
        #expect(a.registry == Self.registry)
    }

    @Test func removingUndoesAdding() throws {
        let before = try empty("# mine\nworkers:\n  - name: other  # kept\n")
        var state = before
        try install(answer("a", config: ["top": 3], needs: [("b", "*", "2.1.0")]), into: &state)
        let pruned = try state.remove([WorkerName(parsing: "a")])
        #expect(pruned.map(\.description) == ["b"])
        #expect(state.config.text == before.config.text)
        #expect(state.lock.isEmpty)
    }

    @Test func whatOthersStillNeedStays() throws {
        var state = try empty()
        try install(answer("a", needs: [("shared", "*", "1.0.0")]), into: &state)
        try install(answer("c", needs: [("shared", "^1.0", "1.0.0")]), into: &state)
        #expect(try state.remove([WorkerName(parsing: "a")]).isEmpty)
        #expect(names(state).sorted() == ["c", "shared"])
        #expect(try state.remove([WorkerName(parsing: "c")]).map(\.description) == ["shared"])
    }

    @Test func whatWasAskedForByNameStays() throws {
        var state = try empty()
        try install(answer("b"), into: &state)
        try install(answer("a", needs: [("b", "*", "1.2.0")]), into: &state)
        #expect(try state.remove([WorkerName(parsing: "a")]).isEmpty)
        #expect(names(state) == ["b"])
    }

    @Test func aWorkerThatOthersNeedIsNotRemoved() throws {
        var state = try empty()
        try install(answer("a", needs: [("b", "*", "1.0.0")]), into: &state)
        #expect(throws: RemovalError.needed(try WorkerName(parsing: "b"), by: [try WorkerName(parsing: "a")])) {
            try state.remove([WorkerName(parsing: "b")])
        }
        #expect(try state.remove([WorkerName(parsing: "b"), WorkerName(parsing: "a")]).isEmpty)
        #expect(names(state).isEmpty)
    }

    @Test func removingWhatIsNotThereIsRefused() throws {
        var state = try empty()
        let before = state
        #expect(throws: NotInProject(try WorkerName(parsing: "a"), in: before)) {
            try state.remove([WorkerName(parsing: "a")])
        }
    }

    @Test func aPlanMayNotBreakWhatTheProjectHas() throws {
        var state = try empty()
        try install(answer("a", needs: [("b", "^1.0", "1.5.0")]), into: &state)
        #expect {
            try install(answer("c", needs: [("b", "^2.0", "2.0.0")]), into: &state)
        } throws: { error in
            let error = error as? any CodedError
            return error?.code == .versionConflict
                && error?.message.contains("`^1.0` for `a`") == true
        }
    }

    @Test func aPlanMayNotBreakWhatTheUserAskedFor() throws {
        var state = try empty()
        try install(answer("b", selector: "~1.2.0"), into: &state)
        #expect {
            try install(answer("a", needs: [("b", "^2.0", "2.0.0")]), into: &state)
        } throws: { error in
            let error = error as? any CodedError
            return error?.code == .versionConflict
                && error?.message.contains("`~1.2.0` as it was asked for by name") == true
        }
    }

    @Test func whatTheProjectHasStaysWhereItIsGoodEnough() throws {
        var state = try empty()
        try install(answer("b", selector: "~1.2.0"), into: &state)
        let before = state.lock.workers[try WorkerName(parsing: "b")]
        try install(answer("a", needs: [("b", "*", "2.0.0")]), into: &state)
        #expect(state.lock.workers[try WorkerName(parsing: "b")] == before)
    }

    @Test func theUsersConfigurationWinsUnlessItIsReset() throws {
        var state = try empty("workers:\n  - name: a\n    config:\n      top: 9 # mine\n")
        let answer = try answer("a", config: ["top": 3, "more": true])
        try install(answer, into: &state)
        #expect(state.config.entries.first?.config == ["top": 9, "more": true])
        #expect(state.config.text.contains("# mine"))
        try install(answer, into: &state, resetsConfig: true)
        #expect(state.config.entries.first?.config?.isEquivalent(to: ["top": 3, "more": true]) == true)
    }
}
