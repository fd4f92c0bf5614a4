// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Manifests
package import ProjectFiles
package import WorkerModel

/// Tells why a project has a worker: who needs it, through whom.
///
/// Asks nobody but the project's own files.
package struct ExplainWorker: Sendable {
    /// One worker of a chain, with what it asks of the next one.
    package struct Link: Sendable, Hashable {
        /// As it is shown: a name, or the path of a manifest.
        package let name: String
        package let version: String?
        /// What it asks of the next; nil at the end of the chain.
        package let range: String?
    }

    package struct Outcome: Sendable {
        package let name: WorkerName
        package let version: String?
        /// What the user asked for; nil for a worker that others need.
        package let selector: VersionSelector?
        /// `local`, `image` or nothing, for workers that were added without a registry.
        package let isOwn: Bool
        /// From what was asked for down to the worker, the shortest first.
        package let chains: [[Link]]
        /// What the registry said of the version when it was last asked.
        package let notes: [VersionNote]
    }

    /// The most chains that are followed: a lock file of a wide graph has very many.
    private static let mostChains = 20

    let project: Project

    package init(project: Project) { self.project = project }

    /// - Throws: `NotInProject` (W112), `ProjectError`.
    package func run(_ name: WorkerName) throws -> Outcome {
        let state = try ProjectState(reading: project)
        if state.isNew(name) { throw NotInProject(name, in: state) }
        return Outcome(
            name: name,
            version: state.version(of: name),
            selector: state.lock.workers[name]?.selector,
            isOwn: state.own[name] != nil,
            chains: Self.chains(to: name, in: state),
            notes: state.lock.workers[name]?.notes ?? []
        )
    }

    /// Walks upward, breadth first, never through one worker twice.
    private static func chains(to name: WorkerName, in state: ProjectState) -> [[Link]] {
        var found: [[Link]] = []
        var open = [[Link(name: name.description, version: state.version(of: name), range: nil)]]
        while !open.isEmpty, found.count < mostChains {
            var next: [[Link]] = []
            for chain in open {
                let above = state.dependents(of: chain[0].name).filter { link in
                    !chain.contains { $0.name == link.name }
                }
                let isAskedFor = state.isAskedFor(chain[0].name)
                if chain.count > 1, above.isEmpty || isAskedFor { found.append(chain) }
                next += above.map { [$0] + chain }
            }
            open = Array(next.prefix(1000))
        }
        return Array(found.prefix(mostChains))
    }
}

extension ProjectState {
    /// Who needs a worker directly, by name; the links say what they ask for.
    fileprivate func dependents(of shown: String) -> [ExplainWorker.Link] {
        guard let name = try? WorkerName(parsing: shown) else { return [] }
        let locked = lock.workers.sorted { $0.key < $1.key }.compactMap { dependent, worker in
            worker.dependencies[name].map {
                ExplainWorker.Link(
                    name: dependent.description,
                    version: worker.version.description,
                    range: $0.description
                )
            }
        }
        let local = locals.workers.flatMap { worker in
            worker.dependencies.filter { $0.name == name }.map {
                ExplainWorker.Link(name: worker.shown, version: worker.version?.description, range: $0.text)
            }
        }
        return locked + local
    }

    fileprivate func isAskedFor(_ shown: String) -> Bool {
        guard let name = try? WorkerName(parsing: shown) else { return false }
        return lock.workers[name]?.selector != nil
    }
}
