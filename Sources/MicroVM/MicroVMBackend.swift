// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import GuestChannel
import HostSystem
package import Sandboxing
import SystemPackage
import WorkerModel

/// Sandboxes of the tiers `vm` and `emulated-vm`.
package actor MicroVMBackend: SandboxBackend {
    package nonisolated let tier: IsolationTier
    private let programs: MicroVMPrograms
    private var known: Task<SandboxAvailability, Never>?
    private var parts: MachineParts?
    private let templates: MachineTemplates

    /// A backend of one of the two tiers; `tier` is `vm` or `emulatedVM`.
    package init(_ tier: IsolationTier, _ programs: MicroVMPrograms) {
        self.tier = tier
        self.programs = programs
        templates = MachineTemplates(folder: programs.cache.appending("templates"))
    }

    /// Whether a machine that is started here answers.
    ///
    /// What was found is kept with the number of this start of the host: a processor that takes a machine and then never
    /// runs it exists, and to try it takes seconds.
    package func availability() async -> SandboxAvailability {
        if let known { return await known.value }
        let probing = Task { await probe() }
        known = probing
        return await probing.value
    }

    private func probe() async -> SandboxAvailability {
        do {
            let parts = try MachineParts(programs, tier)
            self.parts = parts
            let verdicts = ProbeVerdicts(folder: programs.cache)
            let isWorking: Bool
            if let verdict = verdicts[tier] {
                isWorking = verdict
            } else {
                isWorking = await MachineProbe(parts).answers(within: tier == .vm ? .seconds(2) : .seconds(60))
                // An emulator always works in the end: where it did not answer, the host was busy at that moment.
                if isWorking || tier == .vm { verdicts.remember(isWorking, of: tier) }
            }
            guard isWorking else { return .unavailable(.doesNotWork("a machine was started and did not answer")) }
            return .available(.init(program: "QEMU, Linux \(parts.kernel.name.version)", enforcement: .all))
        } catch let missing as MachineParts.Missing {
            return .unavailable(missing.reason)
        } catch {
            return .unavailable(.refused(error.words))
        }
    }

    package func start(
        _ specification: SandboxSpecification,
        output: any SandboxOutput
    ) async throws -> any RunningSandbox {
        if case .unavailable(let reason) = await availability() { throw SandboxError.tierUnavailable(tier, reason) }
        guard let parts else { throw SandboxError.ended }
        guard case .rootFileSystem(let root, let digest) = specification.base else {
            throw SandboxError.notSupported(tier, what: "run on the host's own programs; it needs an image")
        }
        let images = MachineImages(program: parts.mksquashfs, folder: programs.cache)
        if case .persistent = specification.rootLayer {
            throw SandboxError.notSupported(tier, what: "keep what its worker writes")
        }
        let owner: MachineImages.BaseOwner =
            switch specification.owners {
            case .worker: .one(specification.user.user)
            // Where we could not unpack it with its owners, it is root's.
            case .asInImage: HostProcess.isRoot ? .asInFolder : .one(0)
            }
        let base = try await images.base(root, digest: digest, owner: owner)
        defer { try? base.close() }
        var launch = GuestLaunch(specification, tier: tier, enforcement: .all)
        let bundle = try await self.bundle(specification, images, &launch)
        defer { try? bundle?.close() }
        launch.start.user = specification.user
        launch.start.hosts = specification.network.hostsFile
        launch.start.home = specification.homeInside
        launch.start.ownsRoot = specification.owners == .worker
        launch.start.memoryBytes = specification.limits.memory.bytes
        launch.start.scratchBytes = specification.limits.scratch.bytes
        launch.start.unixNanoseconds = HostClock.unixNanoseconds
        if tier == .emulatedVM {
            // On a busy host an emulated machine starts slowly, and answers late.
            launch.startLimit = .seconds(120)
            launch.pingInterval = .seconds(20)
        }
        launch.seed = (0..<64).map { _ in UInt8.random(in: 0...255) }
        let disks = MachineDisks(base: base, bundle: bundle)
        do {
            if let sandbox = try await restore(parts, launch, disks, "\(digest) \(owner)", output) { return sandbox }
            launch.began = .now
            return try await begin(try await parts.start(specification.limits, disks), launch, output)
        } catch SandboxError.notStarted(let command, let detail) {
            // It may be that the image of its bundle is damaged: the next start makes another one.
            if let bundle = specification.workspaceDigest { images.forgetBundle(bundle) }
            throw SandboxError.notStarted(command: command, detail: detail)
        }
    }

    private func begin(
        _ machine: StartedMachine,
        _ launch: GuestLaunch,
        _ output: any SandboxOutput
    ) async throws -> GuestSandbox {
        try await GuestSandbox.begin(
            launch,
            descriptor: machine.channel.rawValue,
            holder: machine.holder,
            output: output
        )
    }

    /// The worker in a machine that goes on where a saved one was; nil where that does not work here: then it boots.
    private func restore(
        _ parts: MachineParts,
        _ launch: GuestLaunch,
        _ disks: MachineDisks,
        _ image: String,
        _ output: any SandboxOutput
    ) async throws -> GuestSandbox? {
        guard let base = disks.base else { return nil }
        let key = parts.templateKey(parts.command(launch.limits, disks, .bootToBeSaved), base: image)
        let found = await templates.template(
            key,
            memory: MachineCommand.size(for: launch.limits.memory),
            counterKilohertz: parts.counterKilohertz
        ) {
            try await parts.makeTemplate(
                launch.limits,
                base: base,
                hasBundle: disks.bundle != nil,
                within: launch.startLimit
            )
        }
        try Task.checkCancellation()
        guard case .template(let template) = found else {
            if case .none(let reason) = found { await output.remark(Self.remark(reason)) }
            return nil
        }
        var launch = launch
        launch.isRestored = true
        launch.startLimit = min(launch.startLimit, .seconds(30))
        launch.start.unixNanoseconds = HostClock.unixNanoseconds
        launch.began = .now
        do {
            return try await begin(try await parts.start(launch.limits, disks, .restore, template), launch, output)
        } catch let error as SandboxError {
            // That its program is not there is the worker's own matter.
            if case .notStarted = error { throw error }
            await templates.discard(key, because: error.message)
            await output.remark(Self.remark(error.message))
            return nil
        }
    }

    private static func remark(_ reason: String) -> String {
        "its machine was booted, a saved one could not be used: \(reason)"
    }

    /// Waits until the machines that were saved are on disk.
    func settle() async { await templates.settle() }

    private func bundle(
        _ specification: SandboxSpecification,
        _ images: MachineImages,
        _ launch: inout GuestLaunch
    ) async throws -> FileDescriptor? {
        switch specification.workspace {
        case .none:
            launch.start.workspace = .absent
            return nil
        case .empty: return nil
        case .persistent: throw SandboxError.notSupported(tier, what: "share a folder that stays with the host")
        case .readOnly(let tree):
            launch.start.workspace = .mount
            return try await images.bundle(tree, digest: specification.workspaceDigest)
        case .privateLayer(let tree):
            launch.start.workspace = .overlay
            return try await images.bundle(tree, digest: specification.workspaceDigest)
        }
    }
}
