// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Resolution
import Testing
import WorkerModel

/// What an installer takes from a registry's answer, and what it refuses.
struct DependencyGraphTests {
    /// Reads `a>b b>c` as edges.
    private static func check(
        roots: String = "app",
        _ workers: String,
        _ edges: String = "",
        limits: DependencyGraph.Limits = .standard
    ) throws -> DependencyGraph {
        func names(_ text: some StringProtocol) throws -> [WorkerName] {
            try text.split(separator: " ").map { try WorkerName(parsing: $0) }
        }
        return try DependencyGraph(
            roots: names(roots),
            workers: names(workers),
            edges: edges.split(separator: " ").map { edge in
                let ends = try edge.split(separator: ">").map { try WorkerName(parsing: $0) }
                return DependencyEdge(from: ends[0], to: ends[1], range: "*")
            },
            limits: limits
        )
    }

    @Test(arguments: [
        ("app", "", "app", 0), ("app a", "app>a", "a app", 1), ("a app", "app>a", "a app", 1),
        ("app a b", "app>a a>b", "b a app", 2), ("app a b", "app>a app>b a>b", "b a app", 2),
        ("app a b", "app>a app>a app>b", "a b app", 1), ("app a b c d e", "app>a a>b b>c c>d d>e", "e d c b a app", 5),
    ])
    func soundGraphsHaveAnInstallOrder(_ workers: String, _ edges: String, order: String, depth: Int) throws {
        let graph = try Self.check(workers, edges)
        #expect(graph.installOrder.map(\.description).joined(separator: " ") == order)
        #expect(graph.depth == depth)
    }

    @Test func repeatedEdgesAreKeptOnce() throws {
        #expect(try Self.check("app a", "app>a app>a").edges.count == 1)
    }

    @Test func severalRootsAreCheckedTogether() throws {
        let graph = try Self.check(roots: "app tool", "app tool a", "app>a tool>a", limits: .init(depth: 1, workers: 1))
        #expect(graph.installOrder.map(\.description) == ["a", "app", "tool"])
    }

    @Test(arguments: [
        ("app app", "", "the dependency graph has the worker `app` twice"),
        ("a", "", "the dependency graph lacks the worker `app` that it was asked for"),
        ("", "", "the dependency graph lacks the worker `app` that it was asked for"),
        ("app", "app>a", "the dependency graph has an edge from `app` to `a`, but no worker `a`"),
        ("app", "a>app", "the dependency graph has an edge from `a` to `app`, but no worker `a`"),
        ("app a b", "app>a", "the dependency graph has workers that `app` does not need: `b`"),
        ("app a", "a>app", "the dependency graph has workers that `app` does not need: `a`"),
        ("app a b", "a>b b>a", "the dependency graph has workers that `app` does not need: `a`, `b`"),
        ("app", "app>app", "the dependency graph has a cycle: app -> app"),
        ("app a b", "app>a a>b b>a", "the dependency graph has a cycle: a -> b -> a"),
        ("app a", "app>a a>app", "the dependency graph has a cycle: app -> a -> app"),
    ])
    func shapesThatMakeNoSenseAreRefused(_ workers: String, _ edges: String, message: String) {
        let error = #expect(throws: DependencyGraphError.self) { try Self.check(workers, edges) }
        #expect(error?.message == message)
        #expect(error?.code == .graphInvalid)
        #expect(error?.hints.isEmpty == false)
    }

    @Test func depthIsTheLongestChain() throws {
        let chain = "app>a a>b b>c c>d d>e e>f app>f"
        let error = #expect(throws: DependencyGraphError.self) { try Self.check("app a b c d e f", chain) }
        #expect(error == .exceeded(.depth, limit: 5, actual: 6))
        #expect(error?.code == .graphExceeded)
        #expect(error?.hints.first?.contains("`--max-depth 6`") == true)
        #expect(error?.details.map { "\($0.key)=\($0.value)" } == ["dimension=depth", "limit=5", "actual=6"])
        #expect(try Self.check("app a b c d e f", chain, limits: .init(depth: 6)).depth == 6)
    }

    @Test func rootsDoNotCountAsWorkersBesides() throws {
        func star(_ count: Int, _ limits: DependencyGraph.Limits = .standard) throws -> DependencyGraph {
            let names = (1...count).map { "w\($0)" }
            return try Self.check(
                "app " + names.joined(separator: " "),
                names.map { "app>\($0)" }.joined(separator: " "),
                limits: limits
            )
        }
        #expect(try star(32).installOrder.count == 33)
        let error = #expect(throws: DependencyGraphError.self) { try star(33) }
        #expect(error == .exceeded(.workers, limit: 32, actual: 33))
        #expect(error?.hints.first?.contains("`--max-workers 33`") == true)
        #expect(try star(33, .init(workers: 33)).installOrder.count == 34)
    }

    /// A chain as long as an answer of 1 MiB can hold takes no recursion and no quadratic time.
    @Test func longChainsAreCheckedInProportionToTheirLength() throws {
        let names = ["app"] + (1..<20_000).map { "w\($0)" }
        let edges = zip(names, names.dropFirst()).map { "\($0)>\($1)" }.joined(separator: " ")
        let error = #expect(throws: DependencyGraphError.self) { try Self.check(names.joined(separator: " "), edges) }
        #expect(error == .exceeded(.depth, limit: 5, actual: 19_999))
    }

    @Test func messagesListAtMostTenNames() {
        let names = (1...500).map { "w\($0)" }.joined(separator: " ")
        let error = #expect(throws: DependencyGraphError.self) { try Self.check("app " + names) }
        #expect(error?.message.hasSuffix("`w10` and 490 more") == true)
    }
}
