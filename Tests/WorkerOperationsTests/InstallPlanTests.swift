// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArtifactStore
import Diagnostics
import ProjectFiles
import RegistryAPI
import Resolution
import Testing
import WorkerModel

@testable import WorkerOperations

/// What a registry answers is held to what was asked, and to itself, before anything is fetched.
@Suite struct InstallPlanTests {
    private static let digest = Digest.sha256("x".utf8)
    private static let linux = TargetTriple(.x86_64, .linux(.gnu))

    private static func node(
        _ name: String,
        _ version: String,
        needs: [String: String] = [:],
        targets: [TargetTriple?]? = nil
    ) throws -> GraphNode {
        let remote = RemoteArtifact(url: "https://registry.example/\(name)", digest: digest)
        let builds = targets.map { Dictionary($0.compactMap { $0 }.map { ($0, remote) }) { first, _ in first } }
        return GraphNode(
            name: try WorkerName(parsing: name),
            version: try SemanticVersion(parsing: version),
            artifacts: builds.map { .binaries($0) } ?? .bundle(remote),
            dependencies: try needs.sorted { $0.key < $1.key }.map {
                WorkerDependency(name: try WorkerName(parsing: $0.key), selector: $0.value)
            }
        )
    }

    /// An answer whose edges are what its nodes declare.
    private static func answer(_ selector: String, root: String, _ nodes: [GraphNode]) throws -> InstallPlan.Answer {
        let name = try WorkerName(parsing: root)
        let version = nodes.first { $0.name == name }?.version ?? SemanticVersion(9, 9, 9)
        let edges = nodes.flatMap { node in
            node.dependencies.map {
                RegistryAPI.ResolvedGraph.Edge(from: node.name, to: $0.name, range: $0.selector)
            }
        }
        return InstallPlan.Answer(
            name: name,
            selector: try VersionSelector(parsing: selector),
            graph: RegistryAPI.ResolvedGraph(root: .init(name: name, version: version), nodes: nodes, edges: edges),
            registry: Made.registry
        )
    }

    /// A plan for an empty project, or the given one, in which every answer is one that the user asked for.
    private static func plan(
        _ answers: [InstallPlan.Answer],
        host: TargetTriple?,
        limits: DependencyGraph.Limits,
        in state: ProjectState? = nil
    ) throws -> InstallPlan {
        let state = try state ?? ProjectState(config: ConfigFile(parsing: ""), lock: Lockfile())
        let asked = answers.map { answer in
            var answer = answer
            answer.recorded = answer.selector
            return answer
        }
        return try InstallPlan(InstallPlan.Input(answers: asked, limits: limits, host: host), in: state)
    }

    @Test func installsWhatOthersNeedFirst() throws {
        let plan = try Self.plan(
            [
                Self.answer(
                    "^1.0",
                    root: "a",
                    [
                        Self.node("a", "1.2.0", needs: ["b": "^2.0", "c": "*"]),
                        Self.node("b", "2.1.0", needs: ["c": "1.x"]), Self.node("c", "1.0.0"),
                    ]
                ),
                Self.answer("latest", root: "c", [Self.node("c", "1.0.0")]),
            ],
            host: Self.linux,
            limits: .standard
        )
        #expect(plan.steps.map(\.name.description) == ["c", "b", "a"])
        #expect(plan.steps.map(\.isRequested) == [true, false, true])
        #expect(plan.depth == 2)
    }

    @Test func anAnswerForAnotherWorkerIsRefused() throws {
        let other = try Self.answer("*", root: "b", [Self.node("b", "1.0.0")])
        let lie = InstallPlan.Answer(
            name: try WorkerName(parsing: "a"),
            selector: .range(.any),
            graph: other.graph,
            registry: Made.registry
        )
        expect(.graphInvalid) { try Self.plan([lie], host: Self.linux, limits: .standard) }
    }

    @Test(arguments: [("1.0.0", "2.0.0"), ("^1.0", "2.0.0"), ("1.0.0-rc.1", "1.0.0")])
    func anAnswerOutsideTheSelectorIsRefused(selector: String, version: String) throws {
        let lie = try Self.answer(selector, root: "a", [Self.node("a", version)])
        expect(.graphInvalid) { try Self.plan([lie], host: Self.linux, limits: .standard) }
    }

    @Test func anEdgeOutsideItsRangeIsRefused() throws {
        let lie = try Self.answer(
            "*",
            root: "a",
            [Self.node("a", "1.0.0", needs: ["b": "^1.0"]), Self.node("b", "2.0.0")]
        )
        expect(.graphInvalid) { try Self.plan([lie], host: Self.linux, limits: .standard) }
    }

    @Test func aDependencyWithoutItsNodeIsRefused() throws {
        let whole = try Self.answer("*", root: "a", [Self.node("a", "1.0.0", needs: ["b": "*"])])
        var graph = whole.graph
        graph.edges = []
        let lie = InstallPlan.Answer(name: whole.name, selector: whole.selector, graph: graph, registry: Made.registry)
        expect(.graphInvalid) { try Self.plan([lie], host: Self.linux, limits: .standard) }
    }

    @Test func aRootWithoutItsNodeIsRefused() throws {
        expect(.graphInvalid) {
            try Self.plan([Self.answer("*", root: "a", [])], host: Self.linux, limits: .standard)
        }
    }

    @Test func twoVersionsOfOneWorkerAreExplained() throws {
        let error = expect(.versionConflict) {
            try Self.plan(
                [
                    Self.answer(
                        "*",
                        root: "a",
                        [Self.node("a", "1.0.0", needs: ["c": "^1.0"]), Self.node("c", "1.0.0")]
                    ),
                    Self.answer(
                        "*",
                        root: "b",
                        [Self.node("b", "1.0.0", needs: ["c": "^2.0"]), Self.node("c", "2.0.0")]
                    ),
                ],
                host: Self.linux,
                limits: .standard
            )
        }
        #expect(error?.message.contains("`^1.0` for `a`, `^2.0` for `b`") == true)
    }

    @Test func aGnuHostTakesAMuslBuildWhereThereIsNoOther() throws {
        let musl = TargetTriple(.x86_64, .linux(.musl))
        let plan = try Self.plan(
            [Self.answer("*", root: "a", [Self.node("a", "1.0.0", targets: [musl, TargetTriple(.arm64, .macOS)])])],
            host: Self.linux,
            limits: .standard
        )
        let target = try #require(musl)
        let name = try WorkerName(parsing: "a")
        #expect(plan.steps.first?.delivery?.key == .binary(Self.digest, of: name, for: target))
    }

    @Test func aMissingPlatformListsTheOthers() throws {
        let error = expect(.platformNotSupported) {
            try Self.plan(
                [Self.answer("*", root: "a", [Self.node("a", "1.0.0", targets: [TargetTriple(.arm64, .macOS)])])],
                host: Self.linux,
                limits: .standard
            )
        }
        #expect(error?.message.contains("aarch64-apple-darwin") == true)
        #expect(error?.message.contains("x86_64-unknown-linux-gnu") == true)
    }

    @Test func aBadAddressMattersOnlyForThePlatformThatNeedsIt() throws {
        let good = RemoteArtifact(url: "https://registry.example/a", digest: Self.digest)
        let bad = RemoteArtifact(url: "not a url", digest: Self.digest)
        let mac = try #require(TargetTriple(.arm64, .macOS))
        let linux = try #require(Self.linux)
        func node(_ builds: [TargetTriple: RemoteArtifact]) throws -> GraphNode {
            GraphNode(
                name: try WorkerName(parsing: "a"),
                version: SemanticVersion(1, 0, 0),
                artifacts: .binaries(builds)
            )
        }
        let fine = try node([linux: good, mac: bad])
        _ = try Self.plan([Self.answer("*", root: "a", [fine])], host: linux, limits: .standard)
        #expect(fine.targetsWithBadAddress(besides: linux) == [mac])
        expect(.download) {
            try Self.plan([Self.answer("*", root: "a", [node([linux: bad])])], host: linux, limits: .standard)
        }
    }

    @Test func sizeIsLimited() throws {
        let names = (0..<40).map { "w\($0)" }
        let needs = Dictionary(names.map { ($0, "*") }) { first, _ in first }
        let nodes = try names.map { try Self.node($0, "1.0.0") } + [Self.node("root", "1.0.0", needs: needs)]
        let answer = try Self.answer("*", root: "root", nodes)
        expect(.graphExceeded) { try Self.plan([answer], host: Self.linux, limits: .standard) }
        _ = try Self.plan([answer], host: Self.linux, limits: .init(depth: 5, workers: 40))
    }

    @discardableResult
    private func expect(
        _ code: ErrorCode,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> InstallPlan
    ) -> (any CodedError)? {
        do {
            _ = try body()
            Issue.record("expected \(code)", sourceLocation: sourceLocation)
            return nil
        } catch {
            let coded = error as? any CodedError
            #expect(coded?.code == code, "\(error)", sourceLocation: sourceLocation)
            return coded
        }
    }
}

extension Delivery {
    fileprivate var key: ArtifactKey? { if case .archive(_, let key) = self { key } else { nil } }
}
