// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Resolution
import Testing
import WorkerModel

/// Random small registries: whatever the resolver answers is held against the rules, read off the answer alone.
struct ResolverPropertyTests {
    /// A small generator of our own, so that a seed names the same registry everywhere.
    struct Dice {
        private var state: UInt64

        init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

        mutating func roll(_ sides: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state >> 33) % sides
        }

        mutating func pick<Value>(_ values: [Value]) -> Value { values[roll(values.count)] }
    }

    static func randomIndex(seed: UInt64) throws -> WrittenIndex {
        var dice = Dice(seed: seed)
        let workers = ["app", "a", "b", "c", "d", "e"]
        let versions = ["1.0.0", "1.1.0", "1.2.0", "2.0.0", "2.1.0-rc.1"]
        let selectors = [
            "*", "^1", "^2", "~1.1", "<1.2", ">=1.1", "1.0.0 || 2.0.0", "latest", "1.1.0", "2.1.0-rc.1", "",
        ]
        var lines: [String] = []
        for (number, worker) in workers.enumerated() {
            for version in versions where dice.roll(3) > 0 {
                let flags = dice.pick(["", "", "", " untagged", " yanked"])
                // Mostly to later names, so that not every graph is a cycle.
                let targets = dice.roll(12) == 0 ? workers : Array(workers[(number + 1)...])
                let count = targets.isEmpty ? 0 : dice.roll(3)
                let needs = (0..<count).map { _ in "\(dice.pick(targets)) \(dice.pick(selectors))" }
                lines.append(
                    "\(worker) \(version)\(flags)" + (needs.isEmpty ? "" : ": " + needs.joined(separator: ", "))
                )
            }
            lines.append("\(worker)@latest = \(dice.pick(["1.1.0", "1.2.0", "2.0.0"]))")
        }
        return try WrittenIndex(lines.joined(separator: "\n"))
    }

    @Test func answersKeepTheRules() throws {
        var answered = 0
        for seed in 1...UInt64(4000) {
            let index = try Self.randomIndex(seed: seed)
            for selector in ["*", "latest", "^1"] {
                guard let graph = try? index.graph("app", selector) else { continue }
                answered += 1
                try expectRules(graph, index, selector, seed)
            }
        }
        // Otherwise the loop proves nothing.
        #expect(answered > 1500)
    }

    /// Every edge is met, every pick is the highest that meets all edges, every node is needed, in order.
    private func expectRules(_ graph: ResolvedGraph, _ index: WrittenIndex, _ selector: String, _ seed: UInt64) throws {
        let picked = Dictionary(uniqueKeysWithValues: graph.nodes.map { ($0.name, $0) })
        let asked = DependencyEdge(from: graph.root.name, to: graph.root.name, range: selector)
        var placed: Set<WorkerName> = []
        for node in graph.nodes {
            let all = try #require(index(node.name))
            let demands = try (graph.edges + [asked]).filter { $0.to == node.name }.map { edge in
                try VersionSelector(parsingDependency: edge.range)
            }
            #expect(!demands.isEmpty, "seed \(seed)")
            let best = all.entries.first { entry in Self.meets(entry, all, demands) }
            #expect(best?.version == node.version, "seed \(seed): \(node.name)")
            let own = graph.edges.filter { $0.from == node.name }
            #expect(own.map(\.range) == node.dependencies.map(\.selector), "seed \(seed)")
            #expect(own.allSatisfy { placed.contains($0.to) && picked[$0.to] != nil }, "seed \(seed)")
            placed.insert(node.name)
        }
        #expect(graph.nodes.last == graph.root)
        _ = try DependencyGraph(roots: [graph.root.name], workers: graph.nodes.map(\.name), edges: graph.edges)
    }

    /// The rules once more, straight from their words.
    private static func meets(_ entry: WorkerIndex.Entry, _ index: WorkerIndex, _ demands: [VersionSelector]) -> Bool {
        var isNamed = false
        for demand in demands {
            switch demand {
            case .exact(let version):
                if version != entry.version { return false }
                isNamed = true
            case .channel(let channel):
                if index.channels[channel] != entry.version { return false }
                isNamed = true
            case .range(let range):
                if !range.admits(entry.version) { return false }
            }
        }
        return isNamed || (entry.isPromoted && !entry.isYanked && !entry.version.isPrerelease)
    }

    @Test func conflictsAreReal() throws {
        var conflicts = 0
        for seed in 1...UInt64(4000) {
            let index = try Self.randomIndex(seed: seed)
            do { _ = try index.graph("app", "*") } catch let failure as ResolutionFailure {
                guard failure.reason == .versionConflict, let all = index(failure.worker) else { continue }
                conflicts += 1
                let demands = try failure.requested.map { try VersionSelector(parsingDependency: $0) }
                #expect(!all.entries.contains { Self.meets($0, all, demands) }, "seed \(seed)")
            }
        }
        #expect(conflicts > 50)
    }

    @Test func sameIndexGivesTheSameAnswer() throws {
        for seed in 1...UInt64(300) {
            let answers = try (0..<2).map { _ in try Self.answer(seed) }
            #expect(answers[0] == answers[1], "seed \(seed)")
        }
    }

    private static func answer(_ seed: UInt64) throws -> String {
        let index = try randomIndex(seed: seed)
        do { return "\(try index.graph("app", "*"))" } catch let failure as ResolutionFailure {
            return "\(failure.reason) \(failure.dependencyPathText) \(failure.requested)"
        }
    }
}
