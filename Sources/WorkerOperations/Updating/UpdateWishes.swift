// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ProjectFiles
import WorkerModel

/// What a registry has to be asked to find out what can be updated.
struct UpdateWishes {
    private(set) var questions: [Question] = []
    /// Images that were named directly, to be looked up again.
    private(set) var images: [WorkerName: ImageReference] = [:]
    /// Workers that stay although they were named, with the reason as the end of a sentence.
    private(set) var staying: [(WorkerName, String)] = []

    /// - Throws: `NotInProject`; `NotLocked` for what no lock file holds, such as a part of the engine.
    init(_ request: UpdateWorkers.Request, in state: ProjectState) throws {
        let own = state.own
        if request.names.isEmpty {
            for demand in state.demands(besides: []) where own[demand.name] == nil {
                askForRoot(demand.name, in: state, goesBeyond: request.goesBeyond)
            }
            for demand in state.locals.workers.flatMap(\.demands) where own[demand.name] == nil { ask(demand) }
        }
        for name in request.names.unique {
            if let local = state.locals[name] {
                for demand in local.demands where own[demand.name] == nil { ask(demand) }
            } else if own[name] == nil {
                if state.isNew(name) { throw NotInProject(name, in: state) }
                guard state.lock.workers[name] != nil else { throw NotLocked(name: name) }
                askFor(name, in: state, goesBeyond: request.goesBeyond)
            }
        }
        for entry in state.config.entries where request.names.isEmpty || request.names.contains(entry.name) {
            guard case .image(let text) = entry.source, own[entry.name] != nil,
                let reference = try? ImageReference(parsing: text), reference.digest == nil
            else { continue }
            images[entry.name] = reference
        }
    }

    /// A worker that was named: as it was asked for, or as those ask for it who need it.
    private mutating func askFor(_ name: WorkerName, in state: ProjectState, goesBeyond: Bool) {
        let needs = state.demandsOfOthers(for: name)
        if state.lock.workers[name]?.selector != nil || needs.isEmpty {
            askForRoot(name, in: state, goesBeyond: goesBeyond)
        } else if goesBeyond {
            staying.append((name, "stays within what others need of it, which `--latest` cannot go beyond"))
        }
        for demand in needs { ask(demand) }
    }

    private mutating func askForRoot(_ name: WorkerName, in state: ProjectState, goesBeyond: Bool) {
        let selector = state.lock.workers[name]?.selector
        guard goesBeyond, let selector else {
            // What an older program has locked was asked for without a range, so far as anybody knows.
            return ask(Question(name: name, selector: selector ?? .latest))
        }
        ask(Question(name: name, selector: .latest) { selector.moved(to: $0) })
    }

    private mutating func ask(_ demand: Demand) {
        ask(Question(name: demand.name, selector: demand.selector ?? .range(.any)))
    }

    private mutating func ask(_ question: Question) {
        if !questions.contains(where: { $0.name == question.name && $0.selector == question.selector }) {
            questions.append(question)
        }
    }
}

extension ProjectState {
    /// What other workers of the project ask of one.
    fileprivate func demandsOfOthers(for name: WorkerName) -> [Demand] {
        let locked = lock.workers.sorted { $0.key < $1.key }.compactMap { dependent, worker in
            worker.dependencies[name].map {
                Demand(.worker(dependent), name, text: $0.description, meaning: nil)
            }
        }
        return locked + locals.workers.flatMap(\.demands).filter { $0.name == name }
    }
}

extension VersionSelector {
    /// What somebody who asked like this would ask for now that there is another version: `^1.2` becomes `^2.0.1`.
    ///
    /// An exact version stays one, a channel stays as it is, and any range that is not `~` becomes `^`.
    func moved(to version: SemanticVersion) -> VersionSelector {
        switch self {
        case .channel: self
        case .exact: .exact(version)
        case .range(let range) where range.exactVersion != nil: .exact(version)
        case .range(let range) where range.admits(version): self
        case .range(let range):
            // A version behind a caret or a tilde always reads.
            (try? VersionSelector(parsing: "\(range.description.hasPrefix("~") ? "~" : "^")\(version)"))
                ?? .exact(version)
        }
    }
}
