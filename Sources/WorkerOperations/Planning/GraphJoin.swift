// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Resolution
import WorkerModel

/// Joins what a registry has answered with what a project has into one graph with one version of each worker.
///
/// The registry resolves each worker that is asked for by itself. Where its answers, or an answer and the project,
/// disagree on a worker that both need, the version is taken that meets everybody, if one of those at hand does; so two
/// workers that can live together are never refused because each alone would get something newer.
struct GraphJoin {
    /// What came out.
    struct Outcome {
        /// The chosen version of each worker that is needed.
        var chosen: [WorkerName: Candidate] = [:]
        /// In the order in which the walk met them, breadth first.
        var order: [WorkerName] = []
        var edges: [DependencyEdge] = []
        /// Who needs a worker directly.
        var askers: [WorkerName: [Asker]] = [:]
    }

    private struct Requirement {
        let demand: Demand
        let path: [WorkerName]

        var need: Need {
            Need(range: demand.text, asker: demand.asker, path: path)
        }
    }

    private struct Walk {
        var order: [WorkerName] = []
        var requirements: [WorkerName: [Requirement]] = [:]
    }

    /// After so many rounds picks only go down their lists: two workers that push each other to and fro would never rest.
    private static let freeRounds = 8
    private static let mostRounds = 200

    /// What somebody outside the graph asks for.
    let demands: [Demand]
    /// The versions at hand, best first; none of an empty list.
    let candidates: [WorkerName: [Candidate]]
    /// Workers that no registry decides on: local ones and images, with their versions where they have one.
    let own: [WorkerName: SemanticVersion?]

    /// - Throws: `PlanError.conflict` where no version at hand meets everybody.
    func run() throws(PlanError) -> Outcome {
        var picks: [WorkerName: Int] = [:]
        var last = Walk()
        for round in 0..<Self.mostRounds {
            last = try walk(&picks)
            if !settle(last, &picks, onlyDown: round >= Self.freeRounds) { break }
        }
        for name in last.order {
            let requirements = last.requirements[name] ?? []
            if isMet(requirements, name, picks) { continue }
            // What the project does not have yet cannot be updated.
            let present = requirements.compactMap(\.path.first).unique.filter { worker in
                candidates[worker]?.contains(where: \.isLocked) ?? false
            }
            throw .conflict(name, requirements.map(\.need), inProject: present)
        }
        return outcome(last, picks)
    }

    /// Follows what is needed from what was asked for, with the picks as they are.
    private func walk(_ picks: inout [WorkerName: Int]) throws(PlanError) -> Walk {
        var walk = Walk()
        var queue = demands.map { Requirement(demand: $0, path: []) }
        var next = 0
        while next < queue.count {
            let requirement = queue[next]
            next += 1
            let name = requirement.demand.name
            walk.requirements[name, default: []].append(requirement)
            if walk.requirements[name]?.count != 1 { continue }
            walk.order.append(name)
            if own[name] != nil { continue }
            guard let list = candidates[name], !list.isEmpty else {
                throw .dependencyMissing(of: requirement.path.last ?? name, name)
            }
            let pick = picks[name] ?? list.firstIndex { requirement.demand.admits($0.version) } ?? 0
            picks[name] = pick
            queue += list[pick].demands.map { Requirement(demand: $0, path: requirement.path + [name]) }
        }
        return walk
    }

    /// Picks anew, knowing all that is asked; tells whether a pick changed.
    private func settle(_ walk: Walk, _ picks: inout [WorkerName: Int], onlyDown: Bool) -> Bool {
        var hasChanged = false
        for name in walk.order {
            guard let list = candidates[name], own[name] == nil, let pick = picks[name] else { continue }
            let requirements = walk.requirements[name] ?? []
            let best = list.indices.dropFirst(onlyDown ? pick : 0).first { index in
                requirements.allSatisfy { $0.demand.admits(list[index].version) }
            }
            guard let best, best != pick else { continue }
            picks[name] = best
            hasChanged = true
        }
        return hasChanged
    }

    private func isMet(_ requirements: [Requirement], _ name: WorkerName, _ picks: [WorkerName: Int]) -> Bool {
        if let version = own[name] {
            return version.map { version in requirements.allSatisfy { $0.demand.admits(version) } } ?? true
        }
        guard let list = candidates[name], let pick = picks[name] else { return false }
        return requirements.allSatisfy { $0.demand.admits(list[pick].version) }
    }

    private func outcome(_ walk: Walk, _ picks: [WorkerName: Int]) -> Outcome {
        var outcome = Outcome(order: walk.order)
        for name in walk.order {
            if own[name] == nil, let pick = picks[name] { outcome.chosen[name] = candidates[name]?[pick] }
            for requirement in walk.requirements[name] ?? [] {
                let asker = requirement.demand.asker
                outcome.askers[name, default: []].append(asker)
                guard case .worker(let from) = asker else { continue }
                outcome.edges.append(DependencyEdge(from: from, to: name, range: requirement.demand.text))
            }
        }
        return outcome
    }
}
