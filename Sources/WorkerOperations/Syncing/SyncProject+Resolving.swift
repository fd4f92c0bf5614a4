// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ProjectFiles
import WorkerModel

extension SyncProject {
    /// Writes a lock file anew in which a merge has left two versions: what both agree on stays, what they disagree on is
    /// resolved within what was asked for, and what `config.yaml` does not list goes.
    ///
    /// Nil where there is no conflict.
    ///
    /// - Throws: `ProjectError` for a side that cannot be read, and what `UpdateWorkers` throws; the file is as it was.
    package func resolve() async throws -> PlannedChange? {
        guard let disputed = try workshop.project.disputed() else { return nil }
        var project = workshop.project
        project.resolvesConflicts = true
        let workshop = ProjectWorkshop(
            project: project,
            registry: workshop.registry,
            installation: workshop.installation,
            environment: workshop.environment,
            events: workshop.events
        )
        var state = try ProjectState(reading: project)
        _ = try state.followConfig()
        let own = state.own
        let names = disputed.filter { own[$0] == nil && state.lock.workers[$0] != nil }
        let input =
            names.isEmpty
            ? InstallPlan.Input(host: workshop.installation.host)
            : try await UpdateWorkers(workshop).input(UpdateWorkers.Request(names), in: state).input
        return try await ChangeProject(workshop: workshop, options: ChangeOptions()) { state in
            try InstallPlan(input, in: state)
        }
        .run()
    }
}
