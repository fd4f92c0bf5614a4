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
        package var limits = DependencyGraph.Limits.standard
        package var options = ChangeOptions()

        package init(_ names: [WorkerName] = []) { self.names = names }
    }

    package struct Outcome: Sendable {
        package let change: PlannedChange
        package let configPath: FilePath
        package let isDryRun: Bool
    }

    let workshop: ProjectWorkshop

    package init(_ workshop: ProjectWorkshop) { self.workshop = workshop }

    /// - Throws: `NotInProject` and `NotLocked` (W112), `RegistryClientError`, `PlanError`, `DependencyGraphError`, what the store throws,
    ///   `FileLockBusy` (W120), `ProjectError`, `ConfigFileError`.
    package func run(_ request: Request) async throws -> Outcome {
        try await workshop.project.settle(workshop.events)
        var state = try ProjectState(reading: workshop.project)
        _ = try state.followConfig()
        let input = try await input(request, in: state)
        let change = try await ChangeProject(
            workshop: workshop,
            options: request.options,
            renewsBases: request.names.isEmpty
        ) { state in try InstallPlan(input, in: state) }
        .run()
        return Outcome(
            change: change,
            configPath: workshop.project.configPath,
            isDryRun: request.options.isDryRun
        )
    }

    /// The plan that updating everything would follow, nothing changed and nothing fetched.
    func plan(in state: ProjectState) async throws -> InstallPlan {
        try InstallPlan(try await input(Request(), in: state), in: state)
    }

    private func input(_ request: Request, in state: ProjectState) async throws -> InstallPlan.Input {
        let wishes = try UpdateWishes(request, in: state)
        for (name, reason) in wishes.staying { workshop.events.receive(.warning("\(name) \(reason)", nil)) }
        let answers = try await workshop.registry.answers(to: wishes.questions, workshop.events)
        var images: [WorkerName: LockedImage] = [:]
        for (name, reference) in wishes.images.sorted(by: { $0.key < $1.key }) {
            do { images[name] = try await workshop.registry.images.pin(reference) } catch let error as any CodedError {
                // Whoever asks for everything gets what can be had.
                if !request.names.isEmpty { throw error }
                workshop.events.receive(.warning("\(name) stays as it is: \(error.message)", error.code))
            }
        }
        return InstallPlan.Input(
            answers: answers,
            images: images,
            moving: request.names.isEmpty ? nil : Set(request.names).union(wishes.questions.map(\.name)),
            limits: request.limits,
            host: workshop.installation.host
        )
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
