// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import Manifests
import ProjectFiles
import RegistryAPI
import RegistryClient
package import Resolution
package import SystemPackage
package import WorkerModel

/// Adds workers to a project, with all that they need: workers of a registry, local folders, images, parts of the engine.
///
/// Resolve, check, plan; fetch and verify into the store; then `config.yaml` and `iii.lock` together. Whatever stops it
/// before the last step leaves the project as it was; verified content may stay in the store.
package struct AddWorkers: Sendable {
    package struct Request: Sendable {
        package var sources: [WorkerSource]
        /// Workers of registries that are named together with their registry: `--registry`, `REGISTRY:NAME`.
        package var registries: [WorkerName: ChosenRegistry] = [:]
        package var limits = DependencyGraph.Limits.standard
        package var options = ChangeOptions()

        package init(_ sources: [WorkerSource]) { self.sources = sources }
    }

    package struct Outcome: Sendable {
        package let change: PlannedChange
        package let configPath: FilePath
        package let isDryRun: Bool
        package let isForced: Bool
    }

    let workshop: ProjectWorkshop

    package init(_ workshop: ProjectWorkshop) { self.workshop = workshop }

    /// - Throws: `LocalFolderError`, `OCIImageError`, `RegistryClientError`, `PlanError`, `DependencyGraphError`, what
    ///   the store throws, `FileLockBusy` (W120), `ProjectError`, `ConfigFileError`.
    package func run(_ request: Request) async throws -> Outcome {
        try await workshop.project.settle(workshop.events)
        let input = try await input(request)
        let change = try await ChangeProject(
            workshop: workshop,
            options: request.options,
            listed: request.registries.mapValues(\.base)
        ) { state in try InstallPlan(input, in: state) }
        .run()
        return Outcome(
            change: change,
            configPath: workshop.project.configPath,
            isDryRun: request.options.isDryRun,
            isForced: request.options.isForced
        )
    }

    /// Asks for everything that is needed, all at once.
    private func input(_ request: Request) async throws -> InstallPlan.Input {
        let wishes = try AddWishes(request.sources, workshop)
        let state = try ProjectState(reading: workshop.project)
        let own = state.own
        var questions = wishes.questions
        for demand in wishes.locals.flatMap(\.demands) where !wishes.names.contains(demand.name) {
            if state.meets(demand, own) { continue }
            let selector = demand.selector ?? .range(.any)
            if !questions.contains(where: { $0.name == demand.name && $0.selector == selector }) {
                questions.append(Question(name: demand.name, selector: selector))
            }
        }
        let resolving = questions
        let asking = Asking(
            registry: workshop.registry,
            state: state,
            events: workshop.events,
            named: request.registries,
            moving: Set(questions.map(\.name)),
            folder: workshop.environment.currentDirectory
        )
        async let answers = asking.run(resolving).answers
        async let images = workshop.pin(wishes.images)
        return try await InstallPlan.Input(
            answers: answers,
            locals: wishes.locals,
            images: images,
            builtins: wishes.builtins,
            relocated: Set(request.registries.keys),
            limits: request.limits,
            host: workshop.installation.host
        )
    }
}

extension ProjectWorkshop {
    fileprivate func pin(_ images: [WorkerName: ImageReference]) async throws -> [WorkerName: LockedImage] {
        try await withThrowingTaskGroup(of: (WorkerName, LockedImage).self) { group in
            for (name, reference) in images { group.addTask { (name, try await self.registry.images.pin(reference)) } }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }
}
