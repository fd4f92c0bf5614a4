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
        let change = try await ChangeProject(workshop: workshop, options: request.options) { state in
            try InstallPlan(input, in: state)
        }
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
        async let answers = workshop.registry
            .answers(to: resolving, workshop.events, in: workshop.environment.currentDirectory)
        async let images = workshop.pin(wishes.images)
        return try await InstallPlan.Input(
            answers: answers,
            locals: wishes.locals,
            images: images,
            builtins: wishes.builtins,
            limits: request.limits,
            host: workshop.installation.host
        )
    }
}

/// What is asked of a registry: a worker, as somebody selects it.
struct Question: Sendable {
    let name: WorkerName
    let selector: VersionSelector
    /// What is to be remembered as asked for, given the version that the selector meant; nil for nothing.
    var records: (@Sendable (SemanticVersion) -> VersionSelector)?
}

extension RegistryConnection {
    /// Asks everything at once; the answers in the order of the questions.
    ///
    /// A name that the registry lacks may have been meant as one of a `folder`.
    func answers(
        to questions: [Question],
        _ events: any EventSink,
        in folder: FilePath? = nil
    ) async throws -> [InstallPlan.Answer] {
        try await withThrowingTaskGroup(of: (Int, InstallPlan.Answer).self) { group in
            for (index, question) in questions.enumerated() {
                let (name, selector) = (question.name, question.selector)
                events.receive(.resolving(.registry(name, selector)))
                group.addTask {
                    let graph = try await asking(for: name, besides: folder) { client in
                        try await client.resolve(ResolveRequest(worker: name, selector: selector))
                    }
                    var answer = InstallPlan.Answer(name: name, selector: selector, graph: graph)
                    answer.recorded = question.records?(graph.root.version)
                    return (index, answer)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
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
