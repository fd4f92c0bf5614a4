// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import HostSystem
package import ProjectFiles
import RegistryAPI
import RegistryClient
package import Resolution
package import SystemPackage
package import WorkerModel

/// Adds workers of a registry to a project, with all that they need.
///
/// Resolve, check, plan; fetch and verify into the store; then `config.yaml` and `iii.lock` together. Whatever stops it
/// before the last step leaves the project as it was; verified content may stay in the store.
package struct AddWorkers: Sendable {
    package struct Request: Sendable {
        package var sources: [WorkerSource]
        package var limits = DependencyGraph.Limits.standard
        /// Fetch again what is in the store already.
        package var isForced = false
        /// Start the `config:` blocks of the requested workers afresh.
        package var resetsConfig = false
        package var isDryRun = false

        package init(_ sources: [WorkerSource]) { self.sources = sources }
    }

    package struct Outcome: Sendable {
        package let plan: InstallPlan
        package let configPath: FilePath
        package let isDryRun: Bool
    }

    let project: Project
    let registry: RegistryConnection
    let installation: Installation
    let environment: HostEnvironment
    let events: any EventSink

    package init(
        project: Project,
        registry: RegistryConnection,
        installation: Installation,
        environment: HostEnvironment,
        events: any EventSink
    ) {
        self.project = project
        self.registry = registry
        self.installation = installation
        self.environment = environment
        self.events = events
    }

    /// - Throws: `SourceNotSupported`, `RegistryClientError`, `PlanError`, `DependencyGraphError`, what the store throws,
    ///   `FileLockBusy` (W120), `ProjectError`, `ConfigFileError`.
    package func run(_ request: Request) async throws -> Outcome {
        let plan = try await plan(request)
        if request.isDryRun {
            _ = try state(after: plan, request, from: try ProjectState(reading: project))
            return Outcome(plan: plan, configPath: project.configPath, isDryRun: true)
        }
        // What cannot be written in the end is found out before anything is fetched, but nobody waits for a download.
        try await withLock { _ in _ = try state(after: plan, request, from: try ProjectState(reading: project)) }
        try await InstallArtifacts(registry: registry, installation: installation, events: events)
            .run(plan, isForced: request.isForced)
        try await commit(plan, request)
        await registry.count(plan, environment)
        return Outcome(plan: plan, configPath: project.configPath, isDryRun: false)
    }

    private func plan(_ request: Request) async throws -> InstallPlan {
        let wanted = try request.sources.map { source in
            guard case .registry(let name, let selector) = source else { throw SourceNotSupported(source: source) }
            return (name, selector ?? .latest)
        }
        var seen: Set<WorkerName> = []
        for (name, _) in wanted where !seen.insert(name).inserted { throw AskedTwice(name: name) }
        let answers = try await withThrowingTaskGroup(of: (Int, InstallPlan.Answer).self) { group in
            for (index, (name, selector)) in wanted.enumerated() {
                events.receive(.resolving(request.sources[index]))
                group.addTask {
                    let graph = try await registry.client.resolve(ResolveRequest(worker: name, selector: selector))
                    return (index, InstallPlan.Answer(name: name, selector: selector, graph: graph))
                }
            }
            return try await group.reduce(into: [(Int, InstallPlan.Answer)]()) { $0.append($1) }
        }
        let inOrder = answers.sorted { $0.0 < $1.0 }.map(\.1)
        let plan = try InstallPlan(inOrder, host: installation.host, limits: request.limits)
        if environment.isOn(.bundlesDisabled), let bundle = plan.steps.first(where: { $0.node.kind == .bundle }) {
            throw PlanError.bundlesDisabled(bundle.node.name)
        }
        return plan
    }

    private func state(after plan: InstallPlan, _ request: Request, from before: ProjectState) throws -> ProjectState {
        var state = before
        try state.install(plan, from: registry.client.base.description, resetsConfig: request.resetsConfig)
        return state
    }

    private func commit(_ plan: InstallPlan, _ request: Request) async throws {
        try await withLock { locked in
            // Another command may have changed the files while this one fetched.
            let before = try ProjectState(reading: project)
            let after = try state(after: plan, request, from: before)
            try Task.checkCancellation()
            try locked.commit(after.change(from: before))
        }
        events.receive(.edited(project.configPath))
        for step in plan.steps {
            do { try installation.link(step) } catch {
                // People and tools look there; the project itself does not.
                events.receive(.warning("\(step.node.name) is installed, but its link is not: \(error)", nil))
            }
        }
    }

    private func withLock(_ body: (LockedProject) throws -> Void) async throws {
        let locked = try await project.lock { events.receive(.waitingForProject(holder: $0)) }
        defer { locked.release() }
        try body(locked)
    }
}

/// A kind of source that this version cannot install.
struct SourceNotSupported: CodedError {
    let source: WorkerSource

    var code: ErrorCode {
        if case .image = source { .imagePull } else { .invalidSource }
    }

    var message: String {
        switch source {
        case .image(let reference, _): "`\(reference)` is an image, which this version of iii cannot install"
        case .localPath(let path): "`\(path.printable)` is a folder, which this version of iii cannot add"
        case .registry(let name, _): "`\(name)` cannot be added"
        }
    }
}

/// One worker was named twice in one command.
struct AskedTwice: CodedError {
    let name: WorkerName

    var code: ErrorCode { .invalidSource }
    var message: String { "`\(name)` is named twice" }
}
