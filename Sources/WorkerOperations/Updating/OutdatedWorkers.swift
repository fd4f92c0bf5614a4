// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryAPI
import Diagnostics
import ProjectFiles
import RegistryClient
package import WorkerModel

/// Shows what updating would do, and what lies beyond it.
///
/// Changes nothing.
package struct OutdatedWorkers: Sendable {
    package struct Row: Sendable, Hashable {
        package let name: WorkerName
        package let current: String
        /// What `update` would install; nil where nobody would need the worker any more.
        package let wanted: String?
        /// What `latest` points to; nil where the registry does not tell.
        package let latest: String?
        /// What was asked for, nil for a worker that others need.
        package let selector: VersionSelector?
        /// What the registry says of the current version.
        package let notes: [VersionNote]

        package var isOutdated: Bool { wanted != current || (latest != nil && latest != current) }
    }

    /// How many workers are looked up at once.
    private static let width = 8

    let workshop: ProjectWorkshop

    package init(_ workshop: ProjectWorkshop) { self.workshop = workshop }

    /// Workers for which there is something newer, or of which the registry has something to say, sorted; with `all` the
    /// others too.
    ///
    /// - Throws: `RegistryClientError`, `PlanError`, `DependencyGraphError`, `ProjectError`.
    package func run(all: Bool = false) async throws -> [Row] {
        try await workshop.project.settle(workshop.events)
        var state = try ProjectState(reading: workshop.project)
        _ = try state.followConfig()
        let own = state.own
        let names = state.lock.workers.keys.filter { own[$0] == nil }.sorted()
        if names.isEmpty { return [] }
        let followed = state
        async let found = look(for: names, in: followed)
        let plan = try await UpdateWorkers(workshop).plan(in: followed)
        let wanted = Dictionary(plan.steps.map { ($0.name, $0.version) }) { first, _ in first }
        let newest = try await found
        let rows = names.map { name in
            Row(
                name: name,
                current: state.lock.workers[name]?.version.description ?? "",
                wanted: wanted[name] ?? nil,
                latest: newest[name]?.latest,
                selector: state.lock.workers[name]?.selector,
                notes: newest[name]?.notes ?? []
            )
        }
        return all ? rows : rows.filter { $0.isOutdated || !$0.notes.isEmpty }
    }

    /// What the registry says of a worker now.
    private struct Found: Sendable {
        var latest: String?
        var notes: [VersionNote] = []
    }

    private func look(for names: [WorkerName], in state: ProjectState) async throws -> [WorkerName: Found] {
        try await withThrowingTaskGroup(of: (WorkerName, Found).self) { group in
            var found: [WorkerName: Found] = [:]
            for (index, name) in names.enumerated() {
                if index >= Self.width, let (name, version) = try await group.next() { found[name] = version }
                let current = state.lock.workers[name]?.version.semantic
                group.addTask { (name, try await look(for: name, current)) }
            }
            for try await (name, version) in group { found[name] = version }
            return found
        }
    }

    private func look(for name: WorkerName, _ current: SemanticVersion?) async throws -> Found {
        let latest = try await detail(of: name, nil)
        if let latest, latest.version == current { return Found(latest: current?.description, notes: latest.notes) }
        let used: WorkerDetail? = if let current { try await detail(of: name, .exact(current)) } else { nil }
        return Found(latest: latest?.version.description, notes: used?.notes ?? [])
    }

    /// A registry that has no such worker, or nothing to say of it, is no reason to fail.
    private func detail(of name: WorkerName, _ selector: VersionSelector?) async throws -> WorkerDetail? {
        do { return try await workshop.registry.client.detail(of: name, selector) } catch is RegistryClientError {
            return nil
        }
    }
}
