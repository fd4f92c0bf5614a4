// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import ProjectFiles
import RegistryAPI
import RegistryClient
import Transport
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
        /// Where it is locked from; nil where the lock file does not say.
        package let registry: String?
        /// Whether its registry is away, so that nobody knows.
        package let isUnknown: Bool

        package var isOutdated: Bool {
            isUnknown || wanted != current || (latest != nil && latest != current)
        }
    }

    package struct Outcome: Sendable {
        /// Sorted by name.
        package let rows: [Row]
        /// The registry that needs no mention.
        package let firstRegistry: String
        /// Workers that could not be asked for.
        package let failures: [AskingFailure]
    }

    /// How many workers are looked up at once.
    private static let width = 8

    let workshop: ProjectWorkshop

    package init(_ workshop: ProjectWorkshop) { self.workshop = workshop }

    /// Workers for which there is something newer, or of which the registry has something to say, sorted; with `all` the
    /// others too.
    ///
    /// - Throws: `RegistryClientError`, `PlanError`, `DependencyGraphError`, `ProjectError`.
    package func run(all: Bool = false) async throws -> Outcome {
        try await workshop.project.settle(workshop.events)
        var state = try ProjectState(reading: workshop.project)
        _ = try state.followConfig()
        let own = state.own
        let names = state.lock.workers.keys.filter { own[$0] == nil }.sorted()
        let first = state.firstRegistry(workshop.registry.rules)
        if names.isEmpty { return Outcome(rows: [], firstRegistry: first, failures: []) }
        let followed = state
        async let looks = look(for: names, in: followed)
        let (plan, failures) = try await UpdateWorkers(workshop).plan(in: followed)
        let wanted = Dictionary(plan.steps.map { ($0.name, $0.version) }) { first, _ in first }
        let found = try await looks
        let lost = Set(failures.map(\.name))
        let rows = names.map { name in
            // What `update` would keep because it cannot ask is not known to be the newest.
            let isUnknown = found[name]?.absence != nil || (wanted[name] == nil && lost.contains(name))
            return Row(
                name: name,
                current: state.lock.workers[name]?.version.description ?? "",
                wanted: isUnknown ? nil : wanted[name] ?? nil,
                latest: found[name]?.latest,
                selector: state.lock.workers[name]?.selector,
                notes: found[name]?.notes ?? [],
                registry: state.registry(of: name),
                isUnknown: isUnknown
            )
        }
        let unasked = names.compactMap { name in
            lost.contains(name) ? nil : found[name]?.absence.map { AskingFailure(name: name, error: $0) }
        }
        return Outcome(
            rows: all ? rows : rows.filter { $0.isOutdated || !$0.notes.isEmpty },
            firstRegistry: first,
            failures: failures + unasked
        )
    }

    /// What the registry says of a worker now.
    private struct Found: Sendable {
        var latest: String?
        var notes: [VersionNote] = []
        /// Why nobody knows.
        var absence: RegistryAway?
    }

    private func look(for names: [WorkerName], in state: ProjectState) async throws -> [WorkerName: Found] {
        try await withThrowingTaskGroup(of: (WorkerName, Found).self) { group in
            var found: [WorkerName: Found] = [:]
            for (index, name) in names.enumerated() {
                if index >= Self.width, let (name, version) = try await group.next() { found[name] = version }
                let current = state.lock.workers[name]?.version.semantic
                let place = try workshop.registry.rules.registry(of: name, locked: state.registry(of: name))
                group.addTask {
                    do { return (name, try await look(for: name, current, at: place)) } catch let error
                        as TransportError
                    {
                        return (name, Found(absence: RegistryAway(name: name, place: place, error: error)))
                    }
                }
            }
            for try await (name, version) in group { found[name] = version }
            return found
        }
    }

    private func look(
        for name: WorkerName,
        _ current: SemanticVersion?,
        at place: ChosenRegistry
    ) async throws -> Found {
        let latest = try await detail(of: name, nil, at: place)
        if let latest, latest.version == current { return Found(latest: current?.description, notes: latest.notes) }
        let used: WorkerDetail? = if let current { try await detail(of: name, .exact(current), at: place) } else { nil }
        return Found(latest: latest?.version.description, notes: used?.notes ?? [])
    }

    /// A registry that has no such worker, or nothing to say of it, is no reason to fail.
    private func detail(
        of name: WorkerName,
        _ selector: VersionSelector?,
        at place: ChosenRegistry
    ) async throws -> WorkerDetail? {
        do {
            return try await workshop.registry.at(place).client.detail(of: name, selector)
        } catch is RegistryClientError {
            return nil
        }
    }
}
