// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import ProjectFiles
import RegistryAPI
import RegistryClient
import SystemPackage
import Transport
package import WorkerModel

/// What is asked of a registry: a worker, as somebody selects it.
struct Question: Sendable {
    let name: WorkerName
    let selector: VersionSelector
    /// What is to be remembered as asked for, given the version that the selector meant; nil for nothing.
    var records: (@Sendable (SemanticVersion) -> VersionSelector)?
}

/// Asks for workers, each at its own registry, and for what they need at the registries of that.
///
/// What a registry says of a name that is not its own is not used: the registry of that name is asked instead.
struct Asking: Sendable {
    /// What came back.
    struct Outcome: Sendable {
        var answers: [InstallPlan.Answer] = []
        /// Workers that could not be asked for, because a registry is away.
        var failures: [AskingFailure] = []
    }

    /// A question, whoever asks it.
    private struct Key: Hashable {
        let name: WorkerName
        let selector: VersionSelector
    }

    /// What became of the questions so far.
    private struct Progress {
        var order: [Key] = []
        var results: [Key: Result<InstallPlan.Answer, any Error>] = [:]
        /// The questions that an answer raises.
        var needs: [Key: [Key]] = [:]

        /// A question with all that its answer raises.
        func closure(of key: Key) -> [Key] {
            var found: [Key] = []
            var open = [key]
            while let next = open.popLast() {
                if found.contains(next) { continue }
                found.append(next)
                open += (needs[next] ?? []).filter { !found.contains($0) }
            }
            return found
        }
    }

    /// How many questions the answers of registries may lead to: no graph of workers that is allowed is as large.
    private static let mostQuestions = 512

    let registry: RegistryConnection
    let state: ProjectState
    let events: any EventSink
    /// Workers that the command names together with their registry.
    var named: [WorkerName: ChosenRegistry] = [:]
    /// Workers whose locked versions may give way; nil for all.
    var moving: Set<WorkerName>? = []
    /// Where a name that a registry lacks may lie as a folder.
    var folder: FilePath?
    /// Whether a registry that is away fails only the questions that need it.
    var goesOnWithout = false

    /// Asks everything at once; the answers in the order of the questions, what they led to behind them.
    ///
    /// - Throws: `RegistryAway` (W143), `RegistryClientError`, `UnknownWorker`, `OriginChanged` (W153), `PlanError`.
    func run(_ questions: [Question]) async throws -> Outcome {
        var progress = Progress()
        var round = questions.map { Key(name: $0.name, selector: $0.selector) }.unique
        while !round.isEmpty {
            progress.order += round
            for (key, result) in try await ask(round) {
                progress.results[key] = result
                if case .success(let answer) = result { progress.needs[key] = try raised(by: answer) }
            }
            round = round.flatMap { progress.needs[$0] ?? [] }.unique.filter { progress.results[$0] == nil }
            round = Array(round.prefix(max(0, Self.mostQuestions - progress.order.count)))
        }
        return try outcome(of: questions, progress)
    }

    private func ask(_ keys: [Key]) async throws -> [(Key, Result<InstallPlan.Answer, any Error>)] {
        let chosen = try keys.map { try choose($0.name) }
        return try await withThrowingTaskGroup(of: (Key, Result<InstallPlan.Answer, any Error>).self) { group in
            for (key, place) in zip(keys, chosen) {
                events.receive(.resolving(.registry(key.name, key.selector)))
                group.addTask {
                    do { return (key, .success(try await answer(key, at: place))) } catch {
                        guard goesOnWithout, error.isAbsence else { throw error }
                        return (key, .failure(error))
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func answer(_ key: Key, at place: ChosenRegistry) async throws -> InstallPlan.Answer {
        let connection = registry.at(place)
        let request = ResolveRequest(worker: key.name, selector: key.selector)
        do {
            let graph = try await connection.asking(for: key.name, besides: folder) { try await $0.resolve(request) }
            return try accepted(graph, for: key, at: place)
        } catch let refusal as RegistryClientError where hasOthers(than: place) && refusal.isAboutNeeds(of: key.name) {
            // What it needs may be at home elsewhere.
            return try accepted(try await connection.client.resolveAlone(request), for: key, at: place, isAlone: true)
        } catch let error as TransportError where error.purpose == .registry {
            throw RegistryAway(name: key.name, place: place, error: error)
        }
    }

    /// Takes out of an answer what the registry has no say in.
    private func accepted(
        _ graph: RegistryAPI.ResolvedGraph,
        for key: Key,
        at place: ChosenRegistry,
        isAlone: Bool = false
    ) throws -> InstallPlan.Answer {
        var answer = InstallPlan.Answer(
            name: key.name,
            selector: key.selector,
            graph: graph,
            registry: place.base.description
        )
        if isAlone { answer.elsewhere = Set(graph.nodes.flatMap(\.dependencies).map(\.name)) }
        try AnswerCheck.run(answer)
        let foreign = try Set((graph.nodes.map(\.name) + graph.nodes.flatMap(\.dependencies).map(\.name)).unique)
            .filter { try $0 != key.name && choose($0).base != place.base }
        for name in graph.nodes.map(\.name) where foreign.contains(name) {
            let words =
                "\(place) also answers for `\(name)`, which belongs to \(try choose(name)): that answer is refused"
            events.receive(.warning(words, nil))
        }
        answer.leaveOut(foreign)
        return answer
    }

    /// The registry of a name.
    ///
    /// - Throws: `OriginChanged` where it is locked from another one.
    private func choose(_ name: WorkerName) throws -> ChosenRegistry {
        if let place = named[name] { return place }
        let locked = state.registry(of: name)
        let place = try registry.rules.registry(of: name, locked: locked)
        if let locked, !place.base.isSame(as: locked) { throw OriginChanged(name: name, from: locked, to: place) }
        return place
    }

    /// Whether any name of the project may belong to another registry.
    private func hasOthers(than place: ChosenRegistry) -> Bool {
        !registry.rules.list.entries.isEmpty || registry.rules.fallback.base != place.base
            || state.lock.workers.values.contains { worker in
                worker.registry.map { !place.base.isSame(as: $0) } ?? false
            }
    }

    /// What has to be asked elsewhere because of an answer: nothing that the project has and may keep.
    private func raised(by answer: InstallPlan.Answer) throws -> [Key] {
        let own = state.own
        return answer.graph.nodes.flatMap { node in
            node.dependencies.compactMap { dependency -> Key? in
                guard answer.elsewhere.contains(dependency.name), own[dependency.name] == nil else { return nil }
                let demand = Demand(.worker(node.name), dependency.name, text: dependency.selector, meaning: nil)
                if !(moving?.contains(dependency.name) ?? true), state.meets(demand, own) { return nil }
                return Key(name: dependency.name, selector: demand.selector ?? .range(.any))
            }
        }
        .unique
    }

    /// Leaves out the questions that lead to a registry that is away, unless the project has what is needed from there.
    private func outcome(of questions: [Question], _ progress: Progress) throws -> Outcome {
        var outcome = Outcome()
        var used: Set<Key> = []
        var firstFailure: (any Error)?
        for question in questions {
            let key = Key(name: question.name, selector: question.selector)
            let closure = progress.closure(of: key)
            let failed = closure.compactMap { key -> (Key, any Error)? in
                if case .failure(let error)? = progress.results[key] { (key, error) } else { nil }
            }
            for (_, error) in failed {
                firstFailure = firstFailure ?? error
                outcome.failures.append(AskingFailure(name: question.name, error: error))
            }
            let isStopped = failed.contains { failed, _ in failed == key || state.lock.workers[failed.name] == nil }
            guard !isStopped, case .success(var answer)? = progress.results[key] else { continue }
            answer.recorded = question.records?(answer.graph.root.version)
            outcome.answers.append(answer)
            used.formUnion(closure)
        }
        if outcome.answers.isEmpty, let firstFailure { throw firstFailure }
        let roots = Set(questions.map { Key(name: $0.name, selector: $0.selector) })
        for key in progress.order where used.contains(key) && !roots.contains(key) {
            if case .success(let answer)? = progress.results[key] { outcome.answers.append(answer) }
        }
        return outcome
    }
}

/// A worker that was left as it is because a registry is away.
package struct AskingFailure: Sendable {
    package let name: WorkerName
    package let error: any Error
}

/// The registry of a worker cannot be reached.
///
/// W143.
package struct RegistryAway: CodedError {
    let name: WorkerName
    let place: ChosenRegistry
    let error: TransportError

    package var code: ErrorCode { error.code }
    package var message: String { "`\(name)` cannot be asked for at \(place)" }
    package var hints: [String] { error.hints }
    package var details: [(key: String, value: String)] {
        [("name", name.description), ("registry", place.base.description)] + error.details
    }
    package var cause: (any Error)? { error }
}

extension Error {
    /// Whether a registry gave no answer of its own.
    fileprivate var isAbsence: Bool {
        self is RegistryAway || (self as? RegistryClientError)?.code == .registry
    }
}

extension RegistryClientError {
    /// Whether a registry says that it cannot give what a worker needs, rather than the worker.
    fileprivate func isAboutNeeds(of name: WorkerName) -> Bool {
        guard [.workerNotFound, .versionNotFound, .versionConflict, .graphInvalid].contains(code) else { return false }
        return envelope?.dependencyPath.map { $0 != name.description } ?? false
    }
}

extension InstallPlan.Answer {
    /// Takes out workers that are asked for elsewhere, and what only they need.
    mutating func leaveOut(_ foreign: Set<WorkerName>) {
        if foreign.isEmpty { return }
        var needs: [WorkerName: [WorkerName]] = [:]
        for edge in graph.edges { needs[edge.from, default: []].append(edge.to) }
        for node in graph.nodes { needs[node.name, default: []] += node.dependencies.map(\.name) }
        var kept: Set<WorkerName> = [graph.root.name]
        var open = [graph.root.name]
        while let name = open.popLast() {
            for next in needs[name] ?? [] where !foreign.contains(next) && kept.insert(next).inserted {
                open.append(next)
            }
        }
        graph.nodes.removeAll { !kept.contains($0.name) }
        graph.edges.removeAll { !kept.contains($0.from) || !kept.contains($0.to) }
        let present = Set(graph.nodes.map(\.name))
        elsewhere.formUnion(graph.nodes.flatMap(\.dependencies).map(\.name).filter { !present.contains($0) })
    }
}
