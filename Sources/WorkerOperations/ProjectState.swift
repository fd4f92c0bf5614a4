// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ProjectFiles
import RegistryAPI
import SystemPackage
import WorkerModel

/// The two files of a project, and what its local workers need, as values: what an operation makes of them is decided
/// here, without touching a disk.
package struct ProjectState: Sendable {
    package var config: ConfigFile
    package var lock: Lockfile
    /// What the manifests of local workers say; they are read, never written.
    package var locals: LocalWorkers

    package init(config: ConfigFile, lock: Lockfile, locals: LocalWorkers = LocalWorkers()) {
        self.config = config
        self.lock = lock
        self.locals = locals
    }
}

/// What planning asks of a project.
extension ProjectState {
    /// Workers that no registry decides on: local ones, and images that were named directly.
    var own: [WorkerName: SemanticVersion?] {
        var own: [WorkerName: SemanticVersion?] = [:]
        for entry in config.entries {
            switch entry.source {
            case .named: continue
            case .path: own[entry.name] = .some(locals[entry.name]?.version)
            case .image where lock.workers[entry.name]?.registry == nil: own[entry.name] = .some(nil)
            case .image: continue
            }
        }
        // A lock entry without a version has nothing that could be held against a range.
        for (name, worker) in lock.workers where worker.version.semantic == nil { own[name] = .some(nil) }
        return own
    }

    /// What the project asks for: by name, and whatever nobody is known to need.
    func demands(besides names: Set<WorkerName>) -> [Demand] {
        let needed = needed
        return lock.workers.sorted { $0.key < $1.key }.compactMap { name, worker in
            if names.contains(name) { return nil }
            if let selector = worker.selector { return Demand(.user, name, selector) }
            return needed.contains(name) ? nil : Demand(anyOf: name, for: .project)
        }
    }

    /// Everything that some worker of the project needs.
    var needed: Set<WorkerName> { locals.needed.union(lock.workers.values.flatMap(\.dependencies.keys)) }

    /// Whether the project meets a demand as it is.
    func meets(_ demand: Demand, _ own: [WorkerName: SemanticVersion?]) -> Bool {
        if let version = own[demand.name] { return version.map(demand.admits) ?? true }
        guard let version = lock.workers[demand.name]?.version.semantic else { return false }
        return demand.admits(version)
    }

    /// Whether the project knows nothing of a worker.
    func isNew(_ name: WorkerName) -> Bool { lock.workers[name] == nil && config[name] == nil }

    /// The version that the project has of a worker, as far as it has one.
    func version(of name: WorkerName) -> String? {
        lock.workers[name]?.version.description ?? locals[name]?.version?.description
    }

    /// Whether the project has a worker just so.
    func has(_ name: WorkerName, _ content: InstallPlan.Content) -> Bool {
        guard let entry = config[name] else { return false }
        let locked = lock.workers[name]
        switch content {
        case .registry(let node):
            guard let locked, locked.version == LockedVersion(node.version) else { return false }
            return locked.source.isSame(as: LockedWorker.Source(node.artifacts))
        case .local(let worker): return entry.source == .path(worker.written) && locked == nil
        case .image(let image):
            return entry.source == .image(image.reference.description) && locked?.source == .image(image.locked)
        case .builtin: return true
        }
    }
}
