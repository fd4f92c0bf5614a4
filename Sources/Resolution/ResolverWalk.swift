// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// The walks of one resolution.
///
/// Workers are known by numbers, in the order in which they were first met.
struct ResolverWalk {
    /// After so many walks, picks only go down: two workers that push each other up and down would never rest.
    private static let freeWalks = 8

    private enum Mark { case unseen, open, done }

    /// A dependency with its selector read; nil for a text that is no selector.
    private struct ParsedDependency {
        var to: Int
        var text: String
        var selector: VersionSelector?
    }

    private struct Worker {
        let name: WorkerName
        var isLookedUp = false
        var index: WorkerIndex?
        /// The position of the picked version in the index.
        ///
        /// Kept from walk to walk.
        var picked: Int?
        var parsed: [Int: [ParsedDependency]] = [:]

        // Of the walk under way:
        var mark = Mark.unseen
        var parent: Int?
        var requirements: [Requirement] = []
    }

    private struct Problem {
        var ordinal: Int
        var reason: ResolutionFailure.Reason
        var worker: Int
        var from: Int?
        var requested: [String]
        var needs: [ResolutionFailure.Need] = []
    }

    private let limits: Resolver.Limits
    private let lookUp: (WorkerName) throws -> WorkerIndex?
    private var numbers: [WorkerName: Int] = [:]
    private var workers: [Worker] = []
    private var steps = 0

    // Of the walk under way:
    private var ordinal = 0
    private var stack: [(worker: Int, next: Int)] = []
    private var finished: [Int] = []
    private var edges: [DependencyEdge] = []
    private var problem: Problem?

    init(root: WorkerName, limits: Resolver.Limits, index: @escaping (WorkerName) throws -> WorkerIndex?) {
        self.limits = limits
        lookUp = index
        numbers[root] = 0
        workers = [Worker(name: root)]
    }

    mutating func resolve(_ selector: VersionSelector, written: String) throws -> ResolvedGraph {
        var walks = 0
        repeat {
            walks += 1
            try walk(from: ParsedDependency(to: 0, text: written, selector: selector))
        } while settle(onlyDown: walks > Self.freeWalks)
        if let problem { throw failure(problem) }
        return graph()
    }

    // MARK: One walk

    private mutating func walk(from root: ParsedDependency) throws {
        ordinal = 0
        finished = []
        edges = []
        problem = nil
        for number in workers.indices {
            workers[number].mark = .unseen
            workers[number].parent = nil
            workers[number].requirements = []
        }
        try follow(root, from: nil)
        while let (worker, next) = stack.last {
            let dependencies = try self.dependencies(of: worker)
            if next < dependencies.count {
                stack[stack.count - 1].next += 1
                try follow(dependencies[next], from: worker)
            } else {
                stack.removeLast()
                workers[worker].mark = .done
                finished.append(worker)
            }
        }
    }

    private mutating func follow(_ dependency: ParsedDependency, from: Int?) throws {
        let to = dependency.to
        steps += 1
        ordinal += 1
        if steps > limits.steps { throw failure(.unsettled, of: to, from: from) }
        if let from {
            edges.append(DependencyEdge(from: workers[from].name, to: workers[to].name, range: dependency.text))
        }
        guard let index = try index(of: to) else {
            note(.workerNotFound, of: to, from: from, requested: [dependency.text])
            return
        }
        if workers[to].mark == .open {
            // The edge takes no part in picking: a worker does not narrow what it came from.
            note(.dependencyCycle, of: to, from: from, requested: [dependency.text])
            return
        }
        let demand = Requirement.Demand(dependency.selector, of: index)
        workers[to].requirements.append(
            Requirement(text: dependency.text, demand: demand, from: from, ordinal: ordinal)
        )
        if workers[to].mark == .unseen { enter(to, from: from, index) }
    }

    private mutating func enter(_ worker: Int, from: Int?, _ index: WorkerIndex) {
        workers[worker].parent = from
        workers[worker].picked = workers[worker].picked ?? index.pick(workers[worker].requirements)
        if workers[worker].picked == nil {
            workers[worker].mark = .done
        } else {
            workers[worker].mark = .open
            stack.append((worker, 0))
        }
    }

    /// Picks anew, knowing all requirements of the walk.
    ///
    /// - Returns: whether a pick changed, so that another walk is due.
    private mutating func settle(onlyDown: Bool) -> Bool {
        var hasChanged = false
        for number in workers.indices where !workers[number].requirements.isEmpty {
            guard let index = workers[number].index else { continue }
            let lowest = onlyDown ? workers[number].picked ?? 0 : 0
            guard let pick = index.pick(workers[number].requirements, from: lowest) else {
                noteUnsatisfiable(number, index, from: lowest)
                continue
            }
            if pick != workers[number].picked {
                workers[number].picked = pick
                hasChanged = true
            }
        }
        return hasChanged
    }

    // MARK: Looking up

    private mutating func index(of worker: Int) throws -> WorkerIndex? {
        if !workers[worker].isLookedUp {
            workers[worker].index = try lookUp(workers[worker].name)
            workers[worker].isLookedUp = true
        }
        return workers[worker].index
    }

    private mutating func dependencies(of worker: Int) throws -> [ParsedDependency] {
        guard let index = workers[worker].index, let picked = workers[worker].picked else { return [] }
        if let parsed = workers[worker].parsed[picked] { return parsed }
        var parsed: [ParsedDependency] = []
        for dependency in index.entries[picked].dependencies {
            let to = try number(of: dependency.name, neededBy: worker)
            // A text that is no selector cannot be met, and fails as such.
            let selector = try? VersionSelector(parsingDependency: dependency.selector)
            parsed.append(ParsedDependency(to: to, text: dependency.selector, selector: selector))
        }
        workers[worker].parsed[picked] = parsed
        return parsed
    }

    private mutating func number(of name: WorkerName, neededBy worker: Int) throws -> Int {
        if let number = numbers[name] { return number }
        if workers.count == limits.workers {
            throw failure(.tooManyWorkers(limit: limits.workers), of: worker, from: workers[worker].parent)
        }
        numbers[name] = workers.count
        workers.append(Worker(name: name))
        return workers.count - 1
    }

    // MARK: Failing

    /// Remembers a problem, unless the walk met another before it.
    private mutating func note(
        _ reason: ResolutionFailure.Reason,
        of worker: Int,
        from: Int?,
        requested: [String],
        needs: [ResolutionFailure.Need] = [],
        at place: Int? = nil
    ) {
        let place = place ?? ordinal
        if let problem, problem.ordinal <= place { return }
        problem = Problem(
            ordinal: place,
            reason: reason,
            worker: worker,
            from: from,
            requested: requested,
            needs: needs
        )
    }

    /// Finds the edge that made the requirements of a worker impossible to meet.
    private mutating func noteUnsatisfiable(_ worker: Int, _ index: WorkerIndex, from lowest: Int) {
        let requirements = workers[worker].requirements
        let breaking = requirements.indices.first { index.pick(requirements[...$0], from: lowest) == nil }
        guard let last = breaking else { return }
        let culprit = requirements[last]
        if index.pick(requirements) != nil {
            note(.unsettled, of: worker, from: culprit.from, requested: [culprit.text], at: culprit.ordinal)
        } else if index.pick([culprit]) == nil {
            note(.versionNotFound, of: worker, from: culprit.from, requested: [culprit.text], at: culprit.ordinal)
        } else {
            var requested: [String] = []
            for text in requirements[...last].map(\.text) where !requested.contains(text) { requested.append(text) }
            note(
                .versionConflict,
                of: worker,
                from: culprit.from,
                requested: requested,
                needs: requirements[...last].map { .init(range: $0.text, path: path(to: worker, from: $0.from)) },
                at: culprit.ordinal
            )
        }
    }

    private func failure(_ problem: Problem) -> ResolutionFailure {
        failure(
            problem.reason,
            of: problem.worker,
            from: problem.from,
            requested: problem.requested,
            needs: problem.needs
        )
    }

    private func failure(
        _ reason: ResolutionFailure.Reason,
        of worker: Int,
        from: Int?,
        requested: [String] = [],
        needs: [ResolutionFailure.Need] = []
    ) -> ResolutionFailure {
        ResolutionFailure(
            reason: reason,
            worker: workers[worker].name,
            requested: requested,
            needs: needs,
            dependencyPath: path(to: worker, from: from),
            available: workers[worker].index?.available ?? [],
            isByNameOnly: workers[worker].index?.hasCandidates == false
        )
    }

    /// From the root to a worker, through one that needs it.
    private func path(to worker: Int, from: Int?) -> [WorkerName] {
        var path = [workers[worker].name]
        var above = from
        while let number = above {
            path.append(workers[number].name)
            above = workers[number].parent
        }
        return path.reversed()
    }

    // MARK: Answering

    private func graph() -> ResolvedGraph {
        var nodes: [ResolvedGraph.Node] = []
        for number in finished {
            guard let index = workers[number].index, let picked = workers[number].picked else { continue }
            let entry = index.entries[picked]
            nodes.append(
                ResolvedGraph.Node(
                    name: workers[number].name,
                    version: entry.version,
                    isYanked: entry.isYanked,
                    dependencies: entry.dependencies
                )
            )
        }
        return ResolvedGraph(nodes: nodes, edges: edges, root: nodes[nodes.count - 1])
    }
}
