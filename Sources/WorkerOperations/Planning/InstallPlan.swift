// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ProjectFiles
package import RegistryAPI
import Resolution
package import WorkerModel

/// What a command will make of a project, checked: nothing in it comes from a registry unexamined.
package struct InstallPlan: Sendable {
    /// What a worker is.
    package enum Content: Sendable {
        case registry(GraphNode)
        case local(LocalWorker)
        /// An image that was named directly.
        case image(LockedImage)
        /// Part of the engine, listed and nothing else.
        case builtin
    }

    /// One worker of the plan.
    package struct Step: Sendable {
        package let name: WorkerName
        package let content: Content
        /// Whether the user named it in this command.
        package let isRequested: Bool
        /// Whether the user named it, in this command or an earlier one.
        package let isAskedFor: Bool
        /// What `iii.lock` is to remember of what was asked for; nil where nothing new was.
        package let selector: VersionSelector?
        /// What is brought to this machine; nil where there is nothing to bring.
        package let delivery: Delivery?
        /// The version that the project has now; nil for a worker that is new in it.
        package let before: String?
        /// Whether `iii.lock` has it just so already.
        package let isKept: Bool
        /// The registry that it comes from; nil for what comes from none, and where an older lock file does not say.
        package let registry: String?
        /// The registry that it was locked from.
        package let registryBefore: String?
        /// Who needs it directly, in the order in which they were met.
        package let askers: [Asker]
        /// What the registry says of this version; of one that it was not asked about, what it said before.
        package let notes: [VersionNote]

        /// Whether it was locked from another registry.
        package var hasMoved: Bool {
            guard let registry, let registryBefore else { return false }
            return registry != registryBefore
        }

        /// The version, nil for a worker that has none.
        package var version: String? {
            switch content {
            case .registry(let node): node.version.description
            case .local(let worker): worker.version?.description
            case .image(let image): image.reference.tag
            case .builtin: nil
            }
        }

        /// Whether it is a part of the engine that this engine does not have.
        package var isPartOfAnotherEngine: Bool {
            kind == WorkerKind.engine.rawValue && !BuiltinWorkers.own.contains(name.description)
        }

        /// `bundle`, `binary`, `engine`, `image` or `local`.
        package var kind: String {
            switch content {
            case .registry(let node): node.kind.rawValue
            case .local: "local"
            case .image: WorkerKind.image.rawValue
            case .builtin: WorkerKind.engine.rawValue
            }
        }
    }

    /// What one resolve request asked, and what came back.
    struct Answer: Sendable {
        let name: WorkerName
        let selector: VersionSelector
        var graph: RegistryAPI.ResolvedGraph
        /// The registry that gave it.
        let registry: String
        /// What is to be remembered as asked for; nil for an answer that only shows what there is.
        var recorded: VersionSelector?
        /// What its workers need and other registries are asked for.
        var elsewhere: Set<WorkerName> = []
    }

    /// What a plan is made of besides the project.
    struct Input: Sendable {
        var answers: [Answer] = []
        /// Local workers that are asked for.
        var locals: [LocalWorker] = []
        /// Images that are asked for by reference.
        var images: [WorkerName: LockedImage] = [:]
        /// Parts of the engine that are asked for.
        var builtins: [WorkerName] = []
        /// Workers whose locked versions give way to what the registry answered, nil for all; others move where they must.
        var moving: Set<WorkerName>? = []
        /// Workers that may come from another registry than they were locked from.
        var relocated: Set<WorkerName> = []
        var limits = DependencyGraph.Limits.standard
        /// The platform to install for; nil where nobody builds for this host.
        var host: TargetTriple?
    }

    /// In the order of installing: what others need comes before them.
    package let steps: [Step]
    /// Edges in the longest chain of needs.
    package let depth: Int

    /// What changes in the project.
    package var changes: [Step] { steps.filter { !$0.isKept } }

    /// Joins what was answered with what the project has.
    ///
    /// - Throws: `DependencyGraphError` (W183, W184); `PlanError` for an answer to something else than was asked, for
    ///   versions that contradict each other, and for a worker that was not built for the host.
    init(_ input: Input, in state: ProjectState) throws {
        for answer in input.answers { try AnswerCheck.run(answer) }
        let world = PlanWorld(input, in: state)
        let joined = try GraphJoin(demands: world.demands, candidates: world.candidates, own: world.own).run()
        let parts = PlanParts(joined, world)
        let graph = try parts.graph(of: world.roots, limits: DependencyGraph.Limits(depth: .max, workers: .max))
        for root in world.roots where parts.reachable(from: [root]).contains(where: { state.isNew($0) }) {
            _ = try parts.graph(of: [root], limits: input.limits)
        }
        steps = try graph.installOrder.compactMap { name in
            try Self.step(name, joined, world, input, state)
        }
        depth = graph.depth
        for step in steps where step.hasMoved && !input.relocated.contains(step.name) {
            throw OriginChanged(step)
        }
    }

    private static func step(
        _ name: WorkerName,
        _ joined: GraphJoin.Outcome,
        _ world: PlanWorld,
        _ input: Input,
        _ state: ProjectState
    ) throws -> Step? {
        let content: Content
        var delivery: Delivery?
        if let local = input.locals.first(where: { $0.name == name }) {
            content = .local(local)
        } else if let image = input.images[name] {
            content = .image(image)
            delivery = .image(image)
        } else if let candidate = joined.chosen[name] {
            content = .registry(candidate.node)
            delivery = try Delivery(of: candidate.node, for: input.host)
        } else if input.builtins.contains(name) {
            content = .builtin
        } else {
            // A worker of the project that this command does not decide on.
            return nil
        }
        let (registry, registryBefore) = (joined.chosen[name]?.registry, state.registry(of: name))
        let hasMoved = registry != nil && registryBefore != nil && registry != registryBefore
        let recorded = input.answers.last { $0.name == name && $0.recorded != nil }?.recorded
        let isNewSelector = recorded != nil && recorded != state.lock.workers[name]?.selector
        return Step(
            name: name,
            content: content,
            isRequested: world.requested.contains(name),
            isAskedFor: world.requested.contains(name) || state.lock.workers[name]?.selector != nil,
            selector: recorded,
            delivery: delivery,
            before: state.version(of: name),
            isKept: state.has(name, content) && !isNewSelector && !hasMoved,
            registry: registry,
            registryBefore: registryBefore,
            askers: joined.askers[name] ?? [],
            notes: input.notes(of: content) ?? state.notes(of: name, content)
        )
    }
}

extension InstallPlan.Input {
    /// What the answers say of a version; nil where none of them holds it.
    fileprivate func notes(of content: InstallPlan.Content) -> [VersionNote]? {
        guard case .registry(let node) = content else { return nil }
        let said = answers.compactMap { $0.graph.notes(of: node.name, node.version) }
        return said.isEmpty ? nil : said.flatMap(\.self).unique
    }
}

extension ProjectState {
    /// What a registry said of a locked version when it was last asked.
    fileprivate func notes(of name: WorkerName, _ content: InstallPlan.Content) -> [VersionNote] {
        has(name, content) ? lock.workers[name]?.notes ?? [] : []
    }
}
