// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArtifactStore
import Diagnostics
import HostSystem
import ProjectFiles
import RegistryAPI
import SystemPackage
package import WorkerModel

/// Makes what is installed equal to `iii.lock`, fetching only what the store lacks.
///
/// The project's files are read and never written; an interrupted commit of another command is finished first.
package struct SyncProject: Sendable {
    /// What became of a locked worker.
    package enum Fate: Sendable {
        case installed
        case alreadyCurrent
        /// It was there, but not whole, and was fetched again.
        case repaired
        /// There is nothing to install, with the reason.
        case skipped(String)
        case failed(any Error)
    }

    package struct Outcome: Sendable {
        /// Sorted by name.
        package var workers: [(name: WorkerName, version: String, fate: Fate)] = []

        package var failures: [any Error] {
            workers.compactMap { if case .failed(let error) = $0.fate { error } else { nil } }
        }
    }

    let workshop: ProjectWorkshop
    private var registries: RegistryList { workshop.registry.rules.list }

    package init(_ workshop: ProjectWorkshop) { self.workshop = workshop }

    /// Installs what is missing; one failure does not stop the others.
    ///
    /// - Throws: `NoLockfile`, `ProjectDrifted` (W150) for workers that are not locked, `ProjectError`,
    ///   `FileLockBusy` (W120), `CancellationError`.
    package func run() async throws -> Outcome {
        let state = try await workshop.withLock { _ in try ProjectState(reading: workshop.project) }
        try expectLockfile(state)
        let drift = state.drift(registries) + missingBuilds(state)
        let stopping = drift.filter(\.stopsSync)
        if !stopping.isEmpty { throw ProjectDrifted(items: stopping, lockfile: workshop.project.lockfilePath) }
        for (name, worker) in state.lock.workers.sorted(by: { $0.key < $1.key }) {
            for note in worker.notes {
                workshop.events.receive(.warning(note.sentence(about: name, worker.version.description), nil))
            }
        }
        for item in drift { workshop.events.receive(.warning("drift: \(item.line); \(item.fix)", .lockfileMismatch)) }
        return try await install(state)
    }

    /// Finds out whether there would be anything to do, and changes nothing.
    ///
    /// - Throws: `NoLockfile`, `ProjectError`.
    package func frozen() async throws -> [Drift] {
        let state = try ProjectState(reading: workshop.project)
        try expectLockfile(state)
        var drift = state.drift(registries) + missingBuilds(state)
        var present: [WantedArtifact] = []
        let unlisted = Set(state.unlisted)
        for (name, worker) in state.lock.workers.sorted(by: { $0.key < $1.key }) where !unlisted.contains(name) {
            guard let delivery = workshop.installation.delivery(of: name, worker) else { continue }
            if try await isThere(delivery) {
                present.append(WantedArtifact(name: name, version: worker.version.semantic, delivery: delivery))
            } else {
                drift.append(.notInstalled(name, version: worker.version.description))
            }
        }
        let bases = BaseImages(workshop: workshop)
        for base in try bases.needed(by: present) + bases.needed(byFoldersOf: state.config)
        where try await !bases.isPresent(base) {
            drift.append(.noBase(base.reference))
        }
        return drift
    }

    private func expectLockfile(_ state: ProjectState) throws(NoLockfile) {
        if state.lock.isEmpty, !state.drift(registries).isEmpty {
            throw NoLockfile(project: workshop.project, state.drift(registries))
        }
    }

    private func missingBuilds(_ state: ProjectState) -> [Drift] {
        state.config.entries.compactMap { entry in
            guard let locked = state.lock.workers[entry.name], case .binary(let builds) = locked.source,
                workshop.installation.delivery(of: entry.name, locked) == nil
            else { return nil }
            return .noBuild(entry.name, available: builds.keys.sorted())
        }
    }

    private func isThere(_ delivery: Delivery) async throws -> Bool {
        switch delivery {
        case .archive(_, let key): workshop.installation.store.looksWhole(key)
        case .image(let image):
            if try await workshop.registry.images.isPresent(image) {
                try await workshop.installation.looksWhole(image)
            } else {
                false
            }
        }
    }

    private func install(_ state: ProjectState) async throws -> Outcome {
        let hold = try await workshop.installation.hold(for: workshop.project)
        defer { hold.release() }
        var outcome = Outcome()
        var (wanted, present): ([WantedArtifact], [WantedArtifact]) = ([], [])
        let unlisted = Set(state.unlisted)
        for (name, worker) in state.lock.workers.sorted(by: { $0.key < $1.key }) {
            let version = worker.version.description
            if unlisted.contains(name) {
                outcome.workers.append((name, version, .skipped("not in config.yaml")))
                continue
            }
            guard let delivery = workshop.installation.delivery(of: name, worker) else {
                outcome.workers.append((name, version, .skipped(worker.reasonForNothing)))
                continue
            }
            let artifact = WantedArtifact(
                name: name,
                version: worker.version.semantic,
                delivery: delivery,
                registry: worker.registry
            )
            if try await isThere(delivery) {
                outcome.workers.append((name, version, .alreadyCurrent))
                link(artifact)
                present.append(artifact)
            } else {
                wanted.append(artifact)
            }
        }
        let results = await InstallArtifacts(workshop).results(wanted) { _ in true }
        try Task.checkCancellation()
        for (artifact, result) in results {
            let version = state.version(of: artifact.name) ?? ""
            outcome.workers.append((artifact.name, version, Fate(result)))
            if case .success = result {
                link(artifact)
                present.append(artifact)
            }
        }
        for (name, error) in try await bringBases(for: present, state.config) {
            if let index = outcome.workers.firstIndex(where: { $0.name == name }) {
                outcome.workers[index].fate = .failed(error)
            } else {
                // A folder, of which nothing else has to be fetched.
                outcome.workers.append((name, "", .failed(error)))
            }
        }
        outcome.workers.sort { $0.name < $1.name }
        return outcome
    }

    /// Brings what bundles and folders run on.
    ///
    /// - Returns: the workers for which it cannot be had, and why.
    private func bringBases(
        for bundles: [WantedArtifact],
        _ config: ConfigFile
    ) async throws -> [(WorkerName, any Error)] {
        let bases = BaseImages(workshop: workshop)
        var failures: [(WorkerName, any Error)] = []
        for base in try bases.needed(by: bundles) + bases.needed(byFoldersOf: config) {
            do { try await bases.bring(base, renewing: false) } catch let error as BaseImageFailed {
                failures += base.workers.map { ($0, error) }
            }
        }
        return failures
    }

    private func link(_ artifact: WantedArtifact) {
        do { try workshop.installation.link(artifact) } catch {
            let words = "\(artifact.name) is installed, but its link is not: \(error.words)"
            workshop.events.receive(.warning(words, nil))
        }
    }
}

extension SyncProject.Fate {
    fileprivate init(_ result: Result<InstallArtifacts.Result, any Error>) {
        switch result {
        case .success(.installed): self = .installed
        case .success(.alreadyThere): self = .alreadyCurrent
        case .success(.replaced): self = .repaired
        case .failure(let error): self = .failed(error)
        }
    }
}

extension LockedWorker {
    fileprivate var reasonForNothing: String {
        switch source {
        case .engine: "part of the engine"
        case .binary: "no build for this platform, and not in config.yaml"
        case .image, .bundle: "nothing to install"
        }
    }
}

extension Installation {
    /// What a locked worker needs on this machine; nil where there is nothing, or nothing for this host.
    func delivery(of name: WorkerName, _ locked: LockedWorker) -> Delivery? {
        switch locked.source {
        case .engine: return nil
        case .image(let reference): return LockedImage(locked: reference).map { .image($0) }
        case .bundle(let artifact):
            return .archive(RemoteArtifact(url: artifact.url, digest: artifact.digest), .bundle(artifact.digest))
        case .binary(let builds):
            for target in host?.runnable ?? [] {
                guard let build = builds[target] else { continue }
                return .archive(
                    RemoteArtifact(url: build.url, digest: build.digest),
                    .binary(build.digest, of: name, for: target)
                )
            }
            return nil
        }
    }
}

/// A project that needs a lock file and has none.
///
/// W150.
struct NoLockfile: CodedError {
    let project: Project
    let names: [String]

    init(project: Project, _ drift: [Drift]) {
        self.project = project
        names = drift.compactMap { if case .notLocked(let name) = $0 { name.description } else { nil } }
    }

    var code: ErrorCode { .lockfileMismatch }
    var message: String { "`\(project.lockfilePath.string.printable)` is not there" }
    var hints: [String] {
        [
            "restore it from version control"
                + (names.isEmpty
                    ? ", or run `iii worker update`" : ", or `iii worker add \(names.joined(separator: " "))` makes it")
        ]
    }
}
