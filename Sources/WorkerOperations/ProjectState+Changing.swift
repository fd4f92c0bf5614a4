// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Manifests
import ProjectFiles
import RegistryAPI
import SystemPackage
import WorkerModel

extension ProjectState {
    /// Takes up what a plan installs, and takes out what nobody needs any more because of it.
    ///
    /// In `config.yaml` the user's values win over defaults; `resetsConfig` starts the blocks of the requested workers
    /// afresh. Returns what was taken out, sorted.
    ///
    /// - Throws: `ConfigFileError` for a file that cannot be edited.
    mutating func apply(_ plan: InstallPlan, resetsConfig: Bool = false) throws -> [WorkerName] {
        let before = self
        for step in plan.steps { try take(step, resetsConfig: resetsConfig && step.isRequested) }
        try renewManifest(since: before)
        return try prune(since: before)
    }

    private mutating func take(_ step: InstallPlan.Step, resetsConfig: Bool) throws {
        let name = step.name
        switch step.content {
        case .builtin: try list(name, .named, [:], resetsConfig)
        case .local(let worker):
            try list(name, .path(worker.written), [:], resetsConfig)
            lock.workers[name] = nil
            locals.workers.removeAll { $0.name == name || $0.folder == worker.folder }
            locals.problems.removeAll { $0.name == name }
            locals.workers.append(worker)
        case .image(let image):
            try list(name, .image(image.reference.description), [:], resetsConfig)
            lock.workers[name] = LockedWorker(image)
        case .registry(let node):
            let defaults = if case .object(let object) = node.config { object } else { JSONObject() }
            let image: String? = if case .image(let reference) = node.artifacts { reference } else { nil }
            try list(name, image.map { .image($0) } ?? .named, defaults, resetsConfig)
            locals.workers.removeAll { $0.name == name }
            lock.workers[name]?.notes = step.notes
            if step.isKept { return }
            lock.workers[name] = LockedWorker(
                version: LockedVersion(node.version),
                source: LockedWorker.Source(node.artifacts),
                dependencies: Dictionary(node.dependencies.map { ($0.name, LockedRange($0.selector)) }) { $1 },
                selector: step.selector ?? lock.workers[name]?.selector,
                registry: step.registry,
                notes: step.notes
            )
            .keepingUnknownKeys(of: lock.workers[name])
        }
    }

    private mutating func list(
        _ name: WorkerName,
        _ source: ConfigEntry.Source,
        _ defaults: JSONObject,
        _ resetsConfig: Bool
    ) throws {
        if resetsConfig, config[name] != nil { config = try config.resettingConfig(of: name, to: defaults) }
        config = try config.adding(ConfigAddition(name: name, source: source, defaults: defaults))
    }

    /// Remembers what the manifests say now; what cannot be read, and what is not there any more, is left as it was.
    private mutating func renewManifest(since before: ProjectState) throws {
        guard let manifest = locals.lockedManifest else { return }
        if locals.workers.isEmpty, before.locals.workers.isEmpty { return }
        lock.manifest = manifest
    }
}

extension ProjectState {
    /// Takes workers out, and with them those that nobody else needs.
    ///
    /// Returns the names that were taken out besides the given ones, sorted.
    ///
    /// - Throws: `NotInProject`; `RemovalError` for a worker that another one needs.
    mutating func remove(_ names: [WorkerName]) throws -> [WorkerName] {
        let before = self
        let removed = Set(names)
        for name in names where isNew(name) { throw NotInProject(name, in: self) }
        for name in names { try expectNobodyNeeds(name, besides: removed) }
        for name in names.unique { try takeOut(name) }
        try renewManifest(since: before)
        return try prune(since: before)
    }

    private func expectNobodyNeeds(_ name: WorkerName, besides removed: Set<WorkerName>) throws(RemovalError) {
        let (dependents, folder) = needing(name)
        let staying = dependents.filter { !removed.contains($0) }
        if !staying.isEmpty {
            var above: [WorkerName] = []
            var open = staying
            while let next = open.popLast() {
                for one in needing(next).workers where !removed.contains(one) && !(staying + above).contains(one) {
                    above.append(one)
                    open.append(one)
                }
            }
            throw .needed(name, by: staying.sorted(), through: above.sorted())
        }
        if let folder { throw .declared(name, in: folder) }
    }

    /// Who needs a worker directly: workers, and a folder that is none.
    private func needing(_ name: WorkerName) -> (workers: [WorkerName], folder: FilePath?) {
        let locked = lock.workers.filter { $0.value.dependencies[name] != nil }.map(\.key)
        let local = locals.workers.filter { worker in worker.dependencies.contains { $0.name == name } }
        return (locked + local.compactMap(\.name), local.first { $0.name == nil }?.folder)
    }

    private mutating func takeOut(_ name: WorkerName) throws {
        if config[name] != nil { config = try config.removing(name) }
        lock.workers[name] = nil
        locals.workers.removeAll { $0.name == name }
        locals.problems.removeAll { $0.name == name }
    }

    /// Lets the lock file follow `config.yaml`: what was taken out of that by hand is taken out of this, and with it what
    /// nobody else needs.
    ///
    /// Returns the names of both, sorted.
    ///
    /// - Throws: `ConfigFileError` for a file that cannot be edited.
    mutating func followConfig() throws -> (unlisted: [WorkerName], pruned: [WorkerName]) {
        let before = self
        let gone = unlisted
        for name in gone { try takeOut(name) }
        return (gone, gone.isEmpty ? [] : try prune(since: before))
    }

    /// Locked workers that `config.yaml` does not list, and that nobody needs of what it lists, sorted.
    ///
    /// A file that says nothing says nothing of them either.
    var unlisted: [WorkerName] {
        // A manifest that cannot be read may need anything.
        if config.saysNothing || !locals.problems.isEmpty { return [] }
        let declared: Set<WorkerName> =
            if case .declared(let dependencies) = lock.manifest { Set(dependencies.keys) } else { [] }
        let kept = everythingNeeded(by: config.entries.map(\.name) + locals.needed + declared)
        return lock.workers.keys.filter { !kept.contains($0) }.sorted()
    }

    /// Takes out what somebody needed before and nobody needs now.
    private mutating func prune(since before: ProjectState) throws -> [WorkerName] {
        // A manifest that cannot be read may need anything.
        guard before.locals.problems.isEmpty, locals.problems.isEmpty else { return [] }
        let neededBefore = before.needed
        let roots = lock.workers.filter { $0.value.selector != nil || !neededBefore.contains($0.key) }.keys
        let declared: Set<WorkerName> =
            if case .declared(let dependencies) = lock.manifest { Set(dependencies.keys) } else { [] }
        let kept = everythingNeeded(by: Array(roots) + locals.needed + declared)
        let pruned = lock.workers.keys.filter { neededBefore.contains($0) && !kept.contains($0) }.sorted()
        for name in pruned { try takeOut(name) }
        return pruned
    }

    /// The given workers with all that they need.
    private func everythingNeeded(by names: [WorkerName]) -> Set<WorkerName> {
        var found: Set<WorkerName> = []
        var open = names
        while let name = open.popLast() {
            guard found.insert(name).inserted, let worker = lock.workers[name] else { continue }
            open += worker.dependencies.keys
        }
        return found
    }
}

extension LockedWorker {
    /// An image that was named directly.
    fileprivate init(_ image: LockedImage) {
        self.init(version: LockedVersion(tag: image.reference.tag), source: .image(image.locked))
    }
}
