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

        package var isOutdated: Bool { wanted != current || (latest != nil && latest != current) }
    }

    /// How many workers are looked up at once.
    private static let width = 8

    let workshop: ProjectWorkshop

    package init(_ workshop: ProjectWorkshop) { self.workshop = workshop }

    /// Workers for which there is something newer, sorted; with `all` the others too.
    ///
    /// - Throws: `RegistryClientError`, `PlanError`, `DependencyGraphError`, `ProjectError`.
    package func run(all: Bool = false) async throws -> [Row] {
        try await workshop.project.settle(workshop.events)
        let state = try ProjectState(reading: workshop.project)
        let own = state.own
        let names = state.lock.workers.keys.filter { own[$0] == nil }.sorted()
        if names.isEmpty { return [] }
        async let latest = latestVersions(of: names)
        let plan = try await UpdateWorkers(workshop).plan(in: state)
        let wanted = Dictionary(plan.steps.map { ($0.name, $0.version) }) { first, _ in first }
        let newest = try await latest
        let rows = names.map { name in
            Row(
                name: name,
                current: state.lock.workers[name]?.version.description ?? "",
                wanted: wanted[name] ?? nil,
                latest: newest[name]?.description,
                selector: state.lock.workers[name]?.selector
            )
        }
        return all ? rows : rows.filter(\.isOutdated)
    }

    private func latestVersions(of names: [WorkerName]) async throws -> [WorkerName: SemanticVersion] {
        try await withThrowingTaskGroup(of: (WorkerName, SemanticVersion?).self) { group in
            var found: [WorkerName: SemanticVersion] = [:]
            for (index, name) in names.enumerated() {
                if index >= Self.width, let (name, version) = try await group.next() { found[name] = version }
                group.addTask { (name, try await latest(name)) }
            }
            for try await (name, version) in group { found[name] = version }
            return found
        }
    }

    /// A registry that has no such worker, or nothing to say of it, is no reason to fail.
    private func latest(_ name: WorkerName) async throws -> SemanticVersion? {
        do { return try await workshop.registry.client.detail(of: name).version } catch is RegistryClientError {
            return nil
        }
    }
}
