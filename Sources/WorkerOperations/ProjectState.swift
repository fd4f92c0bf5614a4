// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import ProjectFiles
import RegistryAPI
import WorkerModel

/// The two files of a project as values: what an operation makes of them is decided here, without touching a disk.
package struct ProjectState: Sendable {
    package var config: ConfigFile
    package var lock: Lockfile

    package init(config: ConfigFile, lock: Lockfile) {
        self.config = config
        self.lock = lock
    }
}

extension ProjectState {
    /// Takes up what a plan installs.
    ///
    /// In `config.yaml` the user's values win over defaults; `resetsConfig` starts the blocks of the requested workers
    /// afresh.
    ///
    /// - Throws: `PlanError` (W116) where a worker that the project has would no longer get what it needs;
    ///   `ConfigFileError` for a file that cannot be edited.
    mutating func install(_ plan: InstallPlan, from registry: String, resetsConfig: Bool) throws {
        for step in plan.steps {
            let name = step.node.name
            let defaults = if case .object(let object) = step.node.config { object } else { JSONObject() }
            if resetsConfig, step.isRequested, config[name] != nil {
                config = try config.resettingConfig(of: name, to: defaults)
            } else {
                config = try config.adding(ConfigAddition(name: name, defaults: defaults))
            }
            lock.workers[name] = LockedWorker(
                version: LockedVersion(step.node.version),
                source: LockedWorker.Source(step.node.artifacts),
                dependencies: Dictionary(step.node.dependencies.map { ($0.name, LockedRange($0.selector)) }) { $1 },
                selector: step.requested ?? lock.workers[name]?.selector,
                registry: registry
            )
        }
        try expectNeedsMet(after: plan)
    }

    /// Nothing that the project has may need another version than the plan brings.
    private func expectNeedsMet(after plan: InstallPlan) throws(PlanError) {
        for step in plan.steps {
            let (name, version) = (step.node.name, step.node.version)
            if let selector = lock.workers[name]?.selector, !selector.mayMean(version) {
                throw .breaksRequest(name, version, requested: selector)
            }
            for (dependent, worker) in lock.workers.sorted(by: { $0.key < $1.key }) {
                guard let range = worker.dependencies[name], let selector = range.selector,
                    !selector.mayMean(version)
                else { continue }
                throw .breaksLocked(name, version, needing: dependent, range: range.description)
            }
        }
    }
}

extension ProjectState {
    /// Takes workers out, and with them those that nobody else needs.
    ///
    /// Returns the names that were taken out besides the given ones, sorted.
    ///
    /// - Throws: `RemovalError` for a worker that is not there (W112), or that another one needs (W184).
    mutating func remove(_ names: [WorkerName]) throws -> [WorkerName] {
        let removed = Set(names)
        for name in names where config[name] == nil && lock.workers[name] == nil {
            throw RemovalError.notInstalled(name)
        }
        for name in names {
            let dependents = lock.workers.filter { !removed.contains($0.key) && $0.value.dependencies[name] != nil }
            if !dependents.isEmpty { throw RemovalError.needed(name, by: dependents.keys.sorted()) }
        }
        let pruned = noLongerNeeded(without: removed)
        for name in names + pruned {
            if config[name] != nil { config = try config.removing(name) }
            lock.workers[name] = nil
        }
        return pruned
    }

    /// What only the removed workers needed, directly or through others.
    private func noLongerNeeded(without removed: Set<WorkerName>) -> [WorkerName] {
        // What a worker in a local folder needs stands in its manifest, not in the lock file.
        let hasLocalWorkers = config.entries.contains { if case .path = $0.source { true } else { false } }
        if hasLocalWorkers { return [] }
        let needed = Set(lock.workers.values.flatMap(\.dependencies.keys))
        let declared: Set<WorkerName> =
            if case .declared(let dependencies) = lock.manifest { Set(dependencies.keys) } else { [] }
        let kept = lock.workers.filter { name, worker in
            !removed.contains(name) && (worker.selector != nil || !needed.contains(name) || declared.contains(name))
        }
        let reachable = everythingNeeded(by: kept.keys)
        return everythingNeeded(by: removed).subtracting(reachable).subtracting(removed).sorted()
    }

    /// The given workers with all that they need.
    private func everythingNeeded(by names: some Sequence<WorkerName>) -> Set<WorkerName> {
        var found: Set<WorkerName> = []
        var open = Array(names)
        while let name = open.popLast() {
            guard let worker = lock.workers[name], found.insert(name).inserted else { continue }
            open += worker.dependencies.keys
        }
        return found
    }
}

extension VersionSelector {
    /// Whether a version is one that this selector may have chosen.
    ///
    /// What a channel points to only the registry knows, so a channel may mean any.
    func mayMean(_ version: SemanticVersion) -> Bool {
        switch self {
        case .exact(let exact): exact.hasSamePrecedence(as: version)
        case .range(let range): range.admits(version)
        case .channel: true
        }
    }
}

extension LockedWorker.Source {
    init(_ artifacts: WorkerArtifacts) {
        switch artifacts {
        case .engine: self = .engine
        case .image(let reference): self = .image(reference)
        case .bundle(let remote): self = .bundle(LockedWorker.Artifact(url: remote.url, digest: remote.digest))
        case .binaries(let builds):
            self = .binary(builds.mapValues { LockedWorker.Artifact(url: $0.url, digest: $0.digest) })
        }
    }
}
