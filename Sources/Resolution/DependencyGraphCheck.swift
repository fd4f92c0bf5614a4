// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// The steps of checking a graph, over numbered workers.
struct DependencyGraphCheck {
    /// Without repetitions.
    private(set) var edges: [DependencyEdge] = []
    private let roots: [Int]
    private let workers: [WorkerName]
    /// For each worker, those that it needs.
    private var needs: [[Int]]

    /// Checks names and the ends of edges.
    init(roots: [WorkerName], workers: [WorkerName], edges: [DependencyEdge]) throws(DependencyGraphError) {
        var numbers: [WorkerName: Int] = [:]
        for (number, name) in workers.enumerated() where numbers.updateValue(number, forKey: name) != nil {
            throw .duplicateWorker(name)
        }
        self.workers = workers
        needs = Array(repeating: [], count: workers.count)
        var rootNumbers: [Int] = []
        for root in roots {
            guard let number = numbers[root] else { throw .missingRoot(root) }
            rootNumbers.append(number)
        }
        self.roots = rootNumbers
        var seen: Set<DependencyEdge> = []
        for edge in edges where seen.insert(edge).inserted {
            guard let from = numbers[edge.from] else { throw .undeclaredWorker(edge.from, in: edge) }
            guard let to = numbers[edge.to] else { throw .undeclaredWorker(edge.to, in: edge) }
            needs[from].append(to)
            self.edges.append(edge)
        }
    }

    func expectReachable() throws(DependencyGraphError) {
        var isReached = Array(repeating: false, count: workers.count)
        var open = roots
        while let number = open.popLast() {
            if isReached[number] { continue }
            isReached[number] = true
            open += needs[number]
        }
        let missed = workers.indices.filter { !isReached[$0] }.map { workers[$0] }
        if !missed.isEmpty { throw .unreachable(missed, roots: roots.map { workers[$0] }) }
    }

    /// All workers, each after what it needs.
    mutating func dependenciesFirst() throws(DependencyGraphError) -> [Int] {
        var order: [Int] = []
        var isDone = Array(repeating: false, count: workers.count)
        var isOpen = isDone
        for start in workers.indices where !isDone[start] {
            var path: [(worker: Int, next: Int)] = [(start, 0)]
            isOpen[start] = true
            while let (worker, next) = path.last {
                guard next < needs[worker].count else {
                    path.removeLast()
                    isOpen[worker] = false
                    isDone[worker] = true
                    order.append(worker)
                    continue
                }
                path[path.count - 1].next += 1
                let needed = needs[worker][next]
                if isOpen[needed] { throw .cycle(cycle(from: needed, in: path.map(\.worker))) }
                if isDone[needed] { continue }
                isOpen[needed] = true
                path.append((needed, 0))
            }
        }
        return order
    }

    /// The edges of the longest chain from a root, given every worker after what it needs.
    func longestChain(_ dependenciesFirst: [Int]) -> Int {
        var height = Array(repeating: 0, count: workers.count)
        for worker in dependenciesFirst {
            for needed in needs[worker] { height[worker] = max(height[worker], height[needed] + 1) }
        }
        return roots.map { height[$0] }.max() ?? 0
    }

    private func cycle(from first: Int, in path: [Int]) -> [WorkerName] {
        let start = path.firstIndex(of: first) ?? path.startIndex
        return (path[start...] + [first]).map { workers[$0] }
    }
}
