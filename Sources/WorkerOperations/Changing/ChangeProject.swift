// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArtifactStore
import Diagnostics
package import HostSystem
package import ProjectFiles
import RegistryAPI
import RegistryClient
package import Sandboxing
package import WorkerModel

/// What commands that change a project work with.
package struct ProjectWorkshop: Sendable {
    package let project: Project
    package let registry: RegistryConnection
    package let installation: Installation
    package let environment: HostEnvironment
    package let events: any EventSink

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
}

/// How a plan is carried out.
package struct ChangeOptions: Sendable {
    /// Fetch again what is in the store already.
    package var isForced = false
    /// Start the `config:` blocks of the requested workers afresh.
    package var resetsConfig = false
    package var isDryRun = false
    /// The tier that the requested workers are to run in; nil leaves it to their entries.
    package var isolation: IsolationTier?
    /// The weakest tier that anything of the plan may run in, whoever wanted it; nil for what this machine asks for.
    package var isolationFloor: IsolationTier?
    /// Asked before a large plan is carried out.
    ///
    /// - Throws: `ConsentRequired` (W104) where there is nobody to ask, `CancellationError` for a no.
    package var consent: @Sendable (PlannedChange) async throws -> Void = { _ in }
    /// Asked whether workers may call what they ask for; what returns grants all of it.
    ///
    /// - Throws: `CallsNotGranted` (W191) where there is nobody to ask, `CancellationError` for a no.
    package var grant: @Sendable ([CallWish]) async throws -> Void = { throw CallsNotGranted(wishes: $0) }

    package init() {}
}

/// What becomes of a project.
package struct PlannedChange: Sendable {
    /// More workers than this are not installed unasked.
    package static let largest = 32

    package let plan: InstallPlan
    /// Taken out because nobody needs them any more, with their versions.
    package let pruned: [(name: WorkerName, version: String?)]
    /// Taken out of the lock file because `config.yaml` does not list them any more, with their versions.
    package let unlisted: [(name: WorkerName, version: String?)]
    /// What workers ask to call and nobody has granted before.
    package var wishes: [CallWish] = []
    /// Names that `registries:` of `config.yaml` gives to a registry from now on, sorted.
    package let listed: [(name: WorkerName, registry: String)]
    /// The registry that needs no mention.
    package let firstRegistry: String

    package var isEmpty: Bool { plan.changes.isEmpty && pruned.isEmpty && unlisted.isEmpty && listed.isEmpty }
    package var isLarge: Bool { plan.changes.count > Self.largest }
}

/// Carries out a plan: everything is fetched and verified, then `config.yaml` and `iii.lock` change together.
///
/// Whatever stops it before the last step leaves the project as it was; verified content may stay in the store.
struct ChangeProject: Sendable {
    /// How often a project may change under a command that fetches.
    private static let attempts = 8

    let workshop: ProjectWorkshop
    let options: ChangeOptions
    /// Whether tags of base images are looked up again.
    var renewsBases = false
    /// Names that `registries:` is to give to a registry.
    var listed: [WorkerName: RegistryBase] = [:]
    /// Makes the plan from the project as it is; asked again when another command has changed it meanwhile.
    let makePlan: @Sendable (ProjectState) throws -> InstallPlan

    /// - Throws: What planning and the store throw, `FileLockBusy` (W120), `ProjectError`, `ConfigFileError`.
    func run() async throws -> PlannedChange {
        if options.isDryRun {
            let change = try planned(in: ProjectState(reading: workshop.project)).change
            tellNotes(of: change.plan)
            return change
        }
        // What cannot be written in the end is found out before anything is fetched, but nobody waits for a download.
        var (change, after) = try await workshop.withLock { _ in
            try planned(in: ProjectState(reading: workshop.project))
        }
        announce(change)
        if change.isLarge { try await options.consent(change) }
        var granted = change.wishes
        if !granted.isEmpty { try await options.grant(granted) }
        let hold = try await workshop.installation.hold(for: workshop.project)
        defer { hold.release() }
        var fetched: Set<Delivery> = []
        for _ in 0..<Self.attempts {
            let already = fetched
            let wanted = change.plan.wanted.filter { !already.contains($0.delivery) }
            try await InstallArtifacts(workshop).run(wanted) { _ in options.isForced }
            let bases = BaseImages(workshop: workshop)
            for base in try bases.needed(by: wanted) + bases.needed(byFoldersOf: after.config) {
                try await bases.bring(base, renewing: renewsBases)
            }
            fetched.formUnion(wanted.map(\.delivery))
            let late = try wishesInside(change.plan, besides: granted)
            if !late.isEmpty { try await options.grant(late) }
            granted += late
            let (has, grants) = (fetched, granted)
            if let done = try await commit(what: has, granting: grants) { return done }
            (change, after) = try planned(in: ProjectState(reading: workshop.project))
        }
        throw ProjectKeepsChanging()
    }

    /// What the manifests in bundles ask for of which the registry says nothing.
    private func wishesInside(_ plan: InstallPlan, besides granted: [CallWish]) throws -> [CallWish] {
        var state = try ProjectState(reading: workshop.project)
        for wish in granted where state.config[wish.name] == nil {
            state.config = try state.config.adding(ConfigAddition(name: wish.name))
        }
        try state.grant(granted)
        return try plan.wishes(in: state) { step in
            guard case .archive(_, let key)? = step.delivery, key.executable == nil else { return nil }
            return try InstalledBundle.manifest(in: workshop.installation.store.tree(of: key))
        }
    }

    private func planned(
        in state: ProjectState,
        granting granted: [CallWish] = []
    ) throws -> (change: PlannedChange, after: ProjectState) {
        var after = state
        let followed = try after.followConfig()
        let plan = try makePlan(after)
        if workshop.environment.isOn(.bundlesDisabled) { try plan.expectNoBundles() }
        var machine = try MachineSettings(IIIHome(workshop.environment))
        if let floor = options.isolationFloor { machine.raiseMinimum(to: floor) }
        try plan.expectIsolation(options.isolation, in: state, machine)
        let pruned = try after.apply(plan, resetsConfig: options.resetsConfig)
        if let tier = options.isolation { try after.isolate(plan, in: tier) }
        if let floor = options.isolationFloor { try after.raise(plan, to: floor) }
        try after.grant(granted)
        let change = PlannedChange(
            plan: plan,
            pruned: (followed.pruned + pruned).map { ($0, state.version(of: $0)) },
            // What is added again in the same breath is not gone.
            unlisted: followed.unlisted.filter { after.isNew($0) }.map { ($0, state.version(of: $0)) },
            wishes: try plan.wishes(in: state),
            listed: try list(in: &after),
            firstRegistry: state.firstRegistry(workshop.registry.rules)
        )
        return (change, after)
    }

    /// Writes which registry a name belongs to; what the list says already stays.
    private func list(in state: inout ProjectState) throws -> [(name: WorkerName, registry: String)] {
        var added: [(name: WorkerName, registry: String)] = []
        for (name, base) in listed.sorted(by: { $0.key < $1.key }) {
            guard let url = base.url else { continue }
            let config = try state.config.listing(name, at: url)
            if config.bytes != state.config.bytes { added.append((name, base.description)) }
            state.config = config
        }
        return added
    }

    private func announce(_ change: PlannedChange) {
        workshop.events.receive(.planned(change))
        tellNotes(of: change.plan)
        for case .registry(let node) in change.plan.steps.map(\.content) {
            for target in node.targetsWithBadAddress(besides: workshop.installation.host) {
                workshop.events.receive(
                    .warning("\(node.name): the registry's address for \(target) makes no sense", .download)
                )
            }
        }
    }

    /// Tells what the registry says of the versions that the project is to have.
    private func tellNotes(of plan: InstallPlan) {
        for step in plan.steps {
            for note in step.notes {
                workshop.events.receive(.warning(note.sentence(about: step.name, step.version ?? ""), nil))
            }
        }
    }

    /// Writes the files; nil where another command has changed them so that more has to be fetched first.
    private func commit(what fetched: Set<Delivery>, granting granted: [CallWish]) async throws -> PlannedChange? {
        let committed = try await workshop.withLock { locked -> (PlannedChange, ProjectChange)? in
            // Another command may have changed the files while this one fetched.
            let before = try ProjectState(reading: workshop.project)
            let (change, after) = try planned(in: before, granting: granted)
            guard change.plan.wanted.allSatisfy({ fetched.contains($0.delivery) }) else { return nil }
            try Task.checkCancellation()
            var files = try after.change(from: before)
            // What was read is not what the file says.
            if workshop.project.resolvesConflicts { files.lockfile = .write(try after.lock.bytes()) }
            try locked.commit(files)
            return (change, files)
        }
        guard let (change, files) = committed else { return nil }
        workshop.project.tell(files, workshop.events)
        link(change.plan)
        await remember(change.plan)
        await workshop.registry.count(change.plan, workshop.environment)
        return change
    }

    /// Remembers registries that the user named in this command only: what is locked from them is asked for there later,
    /// when the command line and the environment may name another one.
    private func remember(_ plan: InstallPlan) async {
        let rules = workshop.registry.rules
        let named = [rules.option, rules.variable].compactMap { $0 }.filter { $0 != rules.standard && $0.url != nil }
        let used = named.map(\.description).filter { text in plan.changes.contains { $0.registry == text } }.unique
        do {
            let path = try IIIHome(workshop.environment).credentials
            let known = try Credentials(reading: path).trusted
            let new = used.filter { !known.contains($0) }
            if !new.isEmpty { try await Credentials.change(path) { $0.trusted += new } }
        } catch {
            let words = "\(used.joined(separator: ", ")) cannot be remembered: \(ErrorReport(error).message)"
            workshop.events.receive(.warning(words, ErrorReport(error).code))
        }
    }

    private func link(_ plan: InstallPlan) {
        for wanted in plan.wanted {
            do { try workshop.installation.link(wanted) } catch {
                // People and tools look there; the project itself does not.
                workshop.events.receive(
                    .warning("\(wanted.name) is installed, but its link is not: \(error.words)", nil)
                )
            }
        }
    }
}

extension ProjectWorkshop {
    func withLock<Result>(_ body: (LockedProject) async throws -> Result) async throws -> Result {
        try await project.withLock(events, body)
    }
}

extension Project {
    /// Runs `body` with the project's lock, after an interrupted commit was finished or taken back.
    func withLock<Result>(
        _ events: any EventSink,
        _ body: (LockedProject) async throws -> Result
    ) async throws -> Result {
        let locked = try await lock { events.receive(.waitingForProject(holder: $0)) }
        defer { locked.release() }
        if locked.recovery != .nothing { events.receive(.recovered(locked.recovery)) }
        return try await body(locked)
    }

    /// Tells which files were written or taken away.
    func tell(_ change: ProjectChange, _ events: any EventSink) {
        if change.config != .keep { events.receive(.edited(configPath)) }
        if change.lockfile != .keep { events.receive(.edited(lockfilePath)) }
    }

    /// Finishes what an interrupted command left, so that the files can be read as one.
    ///
    /// - Throws: `FileLockBusy` (W120), `ProjectError`.
    package func settle(_ events: any EventSink) async throws {
        if try isBeingChanged() { try await withLock(events) { _ in } }
    }
}

extension InstallArtifacts {
    init(_ workshop: ProjectWorkshop) {
        self.init(
            registry: workshop.registry,
            installation: workshop.installation,
            images: workshop.registry.images,
            events: workshop.events
        )
    }
}

extension InstallPlan {
    /// What has to be on this machine for the plan.
    var wanted: [WantedArtifact] {
        steps.compactMap { step in
            guard let delivery = step.delivery else { return nil }
            let version: SemanticVersion? = if case .registry(let node) = step.content { node.version } else { nil }
            let calls: [String]? = if case .registry(let node) = step.content { node.calls } else { nil }
            return WantedArtifact(
                name: step.name,
                version: version,
                delivery: delivery,
                registry: step.registry,
                isKept: step.isKept,
                calls: calls
            )
        }
    }

    fileprivate func expectNoBundles() throws(PlanError) {
        for case .registry(let node) in steps.map(\.content) where node.kind == .bundle {
            throw .bundlesDisabled(node.name)
        }
    }
}

/// Other commands changed the project again and again while this one fetched.
///
/// W120.
struct ProjectKeepsChanging: CodedError {
    var code: ErrorCode { .projectBusy }
    var message: String { "other commands keep changing this project" }
    var hints: [String] { ["run the command again when they are done"] }
}
