// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import ProjectFiles
package import Resolution
package import SystemPackage
package import WorkerModel

/// Moves workers of a project to newer versions, within what was asked for when they were added.
///
/// `iii.lock` remembers that. What need not change does not; what nobody needs any more is taken out.
package struct UpdateWorkers: Sendable {
    package struct Request: Sendable {
        /// All workers of the project where empty.
        package var names: [WorkerName]
        /// Go beyond what was asked for, to what `latest` points to.
        package var goesBeyond = false
        /// Take the named workers, or all of them, from this registry from now on.
        package var registry: ChosenRegistry?
        package var limits = DependencyGraph.Limits.standard
        package var options = ChangeOptions()

        package init(_ names: [WorkerName] = []) { self.names = names }
    }

    package struct Outcome: Sendable {
        package let change: PlannedChange
        package let configPath: FilePath
        package let isDryRun: Bool
        /// Workers that stay as they are because a registry is away.
        package let failures: [AskingFailure]
    }

    let workshop: ProjectWorkshop

    package init(_ workshop: ProjectWorkshop) { self.workshop = workshop }

    /// - Throws: `NotInProject` and `NotLocked` (W112), `RegistryClientError`, `PlanError`, `DependencyGraphError`, what the store throws,
    ///   `FileLockBusy` (W120), `ProjectError`, `ConfigFileError`.
    package func run(_ request: Request) async throws -> Outcome {
        try await workshop.project.settle(workshop.events)
        var state = try ProjectState(reading: workshop.project)
        _ = try state.followConfig()
        let (input, failures) = try await input(request, in: state)
        let rules = workshop.registry.rules
        let relisted = request.relocated(in: state).filter { rules.list.match($0.key) != nil }
        let change = try await ChangeProject(
            workshop: workshop,
            options: request.options,
            renewsBases: request.names.isEmpty,
            listed: relisted.mapValues(\.base)
        ) { state in try InstallPlan(input, in: state) }
        .run()
        return Outcome(
            change: change,
            configPath: workshop.project.configPath,
            isDryRun: request.options.isDryRun,
            failures: failures
        )
    }

    /// The plan that updating everything would follow, nothing changed and nothing fetched.
    func plan(in state: ProjectState) async throws -> (plan: InstallPlan, failures: [AskingFailure]) {
        let (input, failures) = try await input(Request(), in: state)
        return (try InstallPlan(input, in: state), failures)
    }

    func input(
        _ request: Request,
        in state: ProjectState
    ) async throws -> (input: InstallPlan.Input, failures: [AskingFailure]) {
        let wishes = try UpdateWishes(request, in: state)
        for (name, reason) in wishes.staying { workshop.events.receive(.warning("\(name) \(reason)", nil)) }
        let moving = request.names.isEmpty ? nil : Set(request.names).union(wishes.questions.map(\.name))
        let relocated = request.relocated(in: state)
        let asked = try await Asking(
            registry: workshop.registry,
            state: state,
            events: workshop.events,
            named: relocated,
            moving: moving,
            goesOnWithout: request.names.isEmpty
        )
        .run(wishes.questions)
        var images: [WorkerName: LockedImage] = [:]
        for (name, reference) in wishes.images.sorted(by: { $0.key < $1.key }) {
            do { images[name] = try await workshop.registry.images.pin(reference) } catch let error as any CodedError {
                // Whoever asks for everything gets what can be had.
                if !request.names.isEmpty { throw error }
                workshop.events.receive(.warning("\(name) stays as it is: \(error.message)", error.code))
            }
        }
        let input = InstallPlan.Input(
            answers: asked.answers,
            images: images,
            moving: moving,
            relocated: Set(relocated.keys),
            limits: request.limits,
            host: workshop.installation.host
        )
        return (input, asked.failures)
    }
}

extension UpdateWorkers.Request {
    /// The workers that are to come from another registry.
    fileprivate func relocated(in state: ProjectState) -> [WorkerName: ChosenRegistry] {
        guard let registry else { return [:] }
        let own = state.own
        let all = names.isEmpty ? state.lock.workers.keys.filter { own[$0] == nil } : names
        return Dictionary(all.map { ($0, registry) }) { $1 }
    }
}

/// A worker that is to be updated is not in `iii.lock`.
///
/// W112.
struct NotLocked: CodedError {
    let name: WorkerName

    var code: ErrorCode { .notInstalled }
    var message: String { "`\(name)` is not in iii.lock" }
    var hints: [String] { ["`iii worker add \(name)` looks it up in the registry and locks what it finds"] }
}
