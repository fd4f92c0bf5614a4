// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import GuestChannel
import HostSystem
package import Sandboxing
package import SystemPackage
import WorkerModel

/// Sandboxes of the tier `namespaces`.
package actor NamespacesBackend: SandboxBackend {
    package nonisolated let tier = IsolationTier.namespaces
    private let guest: FilePath
    private let bubblewrap: FilePath?
    private var known: Task<SandboxAvailability, Never>?
    private var groups: ControlGroups?
    private var base: HostBase?
    private let features: Features

    /// What is used of a kernel that has it; tests go without, as on a kernel that has it not, and look more often.
    package struct Features: Sendable {
        /// File systems that show files as another user's.
        package var mapsOwners = true
        package var landlock = true
        /// The least time between two looks at what a worker keeps.
        package var pause = Duration.seconds(5)

        package init() {}
    }

    /// A backend that runs this guest with this bubblewrap; nil where it is not installed.
    package init(guest: FilePath, bubblewrap: FilePath?, features: Features = Features()) {
        self.guest = guest
        self.bubblewrap = bubblewrap
        self.features = features
    }

    /// Makes a sandbox and looks whether it works; the answer is kept for the life of this process.
    package func availability() async -> SandboxAvailability {
        if let known { return await known.value }
        // Those who ask meanwhile wait for the same answer.
        let probing = Task { await probe() }
        known = probing
        return await probing.value
    }

    private func probe() async -> SandboxAvailability {
        guard let bubblewrap else { return .unavailable(.missingProgram("bwrap", package: "bubblewrap")) }
        guard (try? HostFiles.kind(of: guest)) != nil else {
            return .unavailable(.missingFile(guest.string, package: nil))
        }
        groups = ControlGroups.find()
        do {
            let name = try WorkerName(parsing: "probe")
            let nowhere = NetworkPolicy(engine: NetworkAddress(host: "127.0.0.1", port: 9))
            let limits = SandboxLimits(cpus: 1, memory: .mebibytes(64), processes: 16)
            let probe = SandboxSpecification(
                name: name,
                workspace: .empty,
                command: ["/bin/sh", "-c", "exit 42"],
                limits: limits,
                network: nowhere
            )
            let exit = try await run(probe, bubblewrap, NoOutput(), startLimit: .seconds(15)).exit()
            guard exit == .exited(status: 42) else { return .unavailable(.doesNotWork("a probe \(exit)")) }
            let rules = landlock.map { "Landlock \($0)" } ?? "no Landlock"
            return .available(.init(program: "bubblewrap, \(rules)", enforcement: enforcement))
        } catch let error as SandboxError {
            return .unavailable(.refused(error.message))
        } catch {
            return .unavailable(.refused(error.words))
        }
    }

    private var enforcement: SandboxEnforcement {
        let held: LimitEnforcement = groups == nil ? .bestEffort : .enforced
        return SandboxEnforcement(
            cpus: groups?.holdProcessors ?? false ? .enforced : .bestEffort,
            memory: held,
            processes: .enforced,
            scratch: .enforced,
            landlock: landlock
        )
    }

    /// The first version forbids what programs do every day: to move a file to another folder.
    private var landlock: Int? {
        features.landlock ? HostProcess.landlockVersion.flatMap { $0 >= 2 ? $0 : nil } : nil
    }

    package func start(
        _ specification: SandboxSpecification,
        output: any SandboxOutput
    ) async throws -> any RunningSandbox {
        if case .unavailable(let reason) = await availability() {
            throw SandboxError.tierUnavailable(tier, reason)
        }
        guard let bubblewrap else { throw SandboxError.ended }
        return try await run(specification, bubblewrap, output)
    }

    private func run(
        _ specification: SandboxSpecification,
        _ bubblewrap: FilePath,
        _ output: any SandboxOutput,
        startLimit: Duration = .seconds(20)
    ) async throws -> GuestSandbox {
        let base = try self.base ?? HostBase.live()
        self.base = base
        let user = try prepareUser(specification)
        let kept = try await kept(specification)
        let group = try groups?.make(specification.limits)
        do {
            let command = BubblewrapCommand(
                bubblewrap: bubblewrap,
                guest: guest,
                user: user,
                maps: try maps(specification, user),
                group: group,
                parent: HostProcess.identifier,
                mapsOwners: features.mapsOwners
            )
            let began = ContinuousClock.now
            let (descriptor, holder) = try await spawn(
                command.words(specification, base),
                group,
                specification.limits.memory,
                kept
            )
            var launch = GuestLaunch(specification, tier: tier, enforcement: enforcement)
            if kept != nil { launch.enforcement.scratch = .bestEffort }
            (launch.began, launch.startLimit) = (began, startLimit)
            if case .privateLayer = specification.workspace { launch.start.workspace = .copy }
            if command.maps != nil {
                launch.start.user = specification.user
                launch.start.given = BubblewrapCommand.ownFolders(specification)
            }
            if landlock != nil { launch.start.fileRules = specification.rootLayer == .readOnly ? .base : .own }
            if group == nil { launch.start.memoryBytes = specification.limits.memory.bytes }
            let sandbox = try await GuestSandbox.begin(launch, descriptor: descriptor, holder: holder, output: output)
            kept?.watch(sandbox)
            return sandbox
        } catch {
            group?.remove()
            throw error
        }
    }

    /// What the worker keeps, nil where it keeps nothing.
    ///
    /// - Throws: `SandboxError.tooMuchKept`.
    private func kept(_ specification: SandboxSpecification) async throws -> KeptFolders? {
        guard !specification.persistentFolders.isEmpty else { return nil }
        let limit = specification.limits.kept
        let kept = KeptFolders(specification.persistentFolders, limit: limit, pause: features.pause)
        guard await !kept.areTooMuch() else { throw SandboxError.tooMuchKept(kept.folders, limit: limit) }
        return kept
    }

    /// As root a user of the sandbox's own, who owns what stays; else ourselves.
    private func prepareUser(_ specification: SandboxSpecification) throws -> UInt32? {
        if let home = specification.home { try HostFiles.makeDirectory(home, mode: 0o700) }
        if case .persistent(let layer) = specification.rootLayer { try HostFiles.makeDirectory(layer, mode: 0o700) }
        guard HostProcess.isRoot else { return nil }
        guard let folder = specification.persistentFolders.first else { return SandboxUser.anonymous() }
        let user = SandboxUser.owner(of: folder)
        if let home = specification.home { try HostFiles.setOwner(user, of: home) }
        if case .persistent(let folder) = specification.workspace { try HostFiles.setOwner(user, of: folder) }
        return user
    }

    /// Whose the files of a root file system are, as root can show it.
    private func maps(_ specification: SandboxSpecification, _ user: UInt32?) throws -> OwnerMaps? {
        guard specification.base != .host, let user else { return nil }
        var listed: RootOwners?
        if let list = specification.ownersList, let bytes = try HostFiles.read(list, upTo: .mebibytes(256)) {
            listed = RootOwners(parsing: bytes)
        }
        return OwnerMaps(specification.owners, specification.user, host: user, listed: listed)
    }

    private func spawn(
        _ words: [String],
        _ group: ControlGroup?,
        _ memory: ByteCount,
        _ kept: KeptFolders?
    ) async throws -> (descriptor: Int32, holder: NamespacesHolder) {
        var toClose: [FileDescriptor] = []
        defer { for descriptor in toClose { try? descriptor.close() } }
        let (ours, theirs) = try HostDescriptors.socketPair()
        toClose.append(theirs)
        let complaints = try HostDescriptors.pipe()
        toClose.append(complaints.writing)
        let null = try HostDescriptors.null()
        toClose.append(null)
        do {
            let process = try await HeldProcess.start(
                guest,
                words,
                environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"],
                descriptors: [null, complaints.writing, complaints.writing, theirs]
            )
            complaints.reading.setNonblocking()
            return (
                ours.rawValue,
                NamespacesHolder(
                    process: process,
                    group: group,
                    memory: memory,
                    kept: kept,
                    complaints: complaints.reading
                )
            )
        } catch {
            toClose += [ours, complaints.reading]
            throw error
        }
    }
}

private struct NoOutput: SandboxOutput {
    func receive(_ bytes: [UInt8], from stream: OutputStreamName) async {}
}
