// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ProjectFiles
import RegistryAPI
import Resolution
import WorkerModel

/// What a plan chooses from: who needs what, and the versions at hand.
struct PlanWorld {
    /// Workers that the user named, or that their own command is about.
    let requested: Set<WorkerName>
    /// What the plan is about: it holds these and all that they need.
    let roots: [WorkerName]
    /// Workers that no registry decides on, with their versions where they have one.
    let own: [WorkerName: SemanticVersion?]
    let demands: [Demand]
    let candidates: [WorkerName: [Candidate]]
    /// The local workers of the project and of the request.
    let locals: [LocalWorker]

    init(_ input: InstallPlan.Input, in state: ProjectState) {
        let answered = Set(input.answers.map(\.name))
        let recorded = input.answers.filter { $0.recorded != nil }
        let localNames = input.locals.compactMap(\.name)
        requested = Set(recorded.map(\.name) + localNames + input.builtins).union(input.images.keys)
        let direct = requested.union(answered)
        roots =
            input.answers.map(\.name).unique
            + (localNames + input.images.keys.sorted() + input.builtins).filter { !answered.contains($0) }

        var own = state.own.filter { !answered.contains($0.key) }
        for local in input.locals { if let name = local.name { own[name] = .some(local.version) } }
        for name in input.images.keys { own[name] = .some(nil) }
        for name in input.builtins { own[name] = .some(nil) }
        self.own = own
        let present = state.locals.workers.filter { worker in worker.name.map { !direct.contains($0) } ?? true }
        locals = present + input.locals

        demands =
            recorded.map { Demand(.user, $0.name, $0.recorded ?? $0.selector, meaning: $0.meaning) }
            + Self.builtinDemands(own, requested) + Self.demands(of: input.locals)
            + state.demands(besides: requested).filter { state.meets($0, own) || answered.contains($0.name) }
            + Self.demands(of: present).filter { state.meets($0, own) || answered.contains($0.name) }
        candidates = Self.candidates(input, state, own, recorded)
    }

    /// What was named and no registry decides on is needed by its user.
    private static func builtinDemands(
        _ own: [WorkerName: SemanticVersion?],
        _ requested: Set<WorkerName>
    ) -> [Demand] {
        requested.filter { own[$0] != nil }.sorted().map { Demand(anyOf: $0, for: .user) }
    }

    private static func demands(of locals: [LocalWorker]) -> [Demand] { locals.flatMap(\.demands) }

    /// The versions of each worker, best first: the locked one where it may stay, then what was answered, newest first.
    private static func candidates(
        _ input: InstallPlan.Input,
        _ state: ProjectState,
        _ own: [WorkerName: SemanticVersion?],
        _ recorded: [InstallPlan.Answer]
    ) -> [WorkerName: [Candidate]] {
        var answered: [WorkerName: [Candidate]] = [:]
        for answer in input.answers {
            for candidate in Candidate.all(of: answer) where own[candidate.node.name] == nil {
                answered[candidate.node.name, default: []].append(candidate)
            }
        }
        var lists = answered.mapValues { $0.newestFirst }
        for answer in input.answers { lists[answer.name]?.moveToFront(answer.graph.root.version) }
        let asked = Set(recorded.map(\.name))
        for (name, locked) in state.lock.workers where own[name] == nil {
            guard let candidate = Candidate(name, locked, in: state, own) else { continue }
            var list = lists[name] ?? []
            // Versions of two registries are not versions of one worker.
            if let from = candidate.registry, list.contains(where: { $0.registry != from }) { continue }
            let twin = list.firstIndex { $0.version == candidate.version }
            let isMoving = asked.contains(name) || (input.moving?.contains(name) ?? true)
            if isMoving, let twin {
                // The same version: what is locked stays as it is, unless the user asks for it anew.
                if !asked.contains(name) { list[twin] = candidate }
            } else {
                if let twin { list.remove(at: twin) }
                list.insert(candidate, at: isMoving ? list.endIndex : list.startIndex)
            }
            lists[name] = list
        }
        return lists
    }
}

extension InstallPlan.Answer {
    /// The version that a channel points to.
    var meaning: SemanticVersion? { graph.root.version }
}

extension Demand {
    /// That a worker is needed, whatever its version.
    init(anyOf name: WorkerName, for asker: Asker) {
        self.init(asker, name, text: "*", selector: nil)
    }
}

extension [Candidate] {
    /// One of each version, the highest first.
    fileprivate var newestFirst: [Candidate] {
        var seen: Set<SemanticVersion> = []
        return filter { seen.insert($0.version).inserted }.sorted { $1.version < $0.version }
    }

    fileprivate mutating func moveToFront(_ version: SemanticVersion) {
        guard let index = firstIndex(where: { $0.version == version }) else { return }
        insert(remove(at: index), at: 0)
    }
}

extension Sequence where Element: Hashable {
    /// The elements without repetitions, in their order.
    var unique: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
