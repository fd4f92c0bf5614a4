// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Sandboxing
import SystemPackage
import WorkerModel

/// A machine whose processes have been started.
struct StartedMachine: Sendable {
    /// Carries the agent's frames; closed by whoever takes it over.
    let channel: FileDescriptor
    let holder: MicroVMHolder
    /// Nil for one that is neither saved nor restored.
    let monitor: MachineMonitor?
}

/// The disks of a machine; nil for one that it has not.
struct MachineDisks: Sendable {
    var base: FileDescriptor?
    var bundle: FileDescriptor?
}

extension MachineParts {
    func command(_ limits: SandboxLimits, _ disks: MachineDisks, _ start: MachineCommand.Start) -> MachineCommand {
        MachineCommand(
            qemu: qemu,
            bubblewrap: bubblewrap,
            shown: shown,
            accelerator: accelerator,
            cpus: limits.cpus,
            memory: limits.memory,
            user: HostProcess.isRoot ? SandboxUser.anonymous() : nil,
            parent: HostProcess.identifier,
            hasBase: disks.base != nil,
            hasBundle: disks.bundle != nil,
            start: start
        )
    }

    /// Starts a machine; the first frame that comes is its agent's.
    ///
    /// `template` is where its memory is, for one to be saved or restored.
    func start(
        _ limits: SandboxLimits,
        _ disks: MachineDisks,
        _ start: MachineCommand.Start = .boot,
        _ template: MachineTemplate? = nil
    ) async throws -> StartedMachine {
        var toClose: [FileDescriptor] = []
        defer { for descriptor in toClose { try? descriptor.close() } }
        func owned(_ descriptor: FileDescriptor) -> FileDescriptor {
            toClose.append(descriptor)
            return descriptor
        }
        let (channel, theirs) = try HostDescriptors.socketPair()
        _ = owned(theirs)
        let (monitor, qemus) = try HostDescriptors.socketPair()
        _ = owned(qemus)
        let complaints = try HostDescriptors.pipe()
        let writing = owned(complaints.writing)
        do {
            let null = owned(try HostDescriptors.null())
            var given = [null, writing, writing, theirs, null, null, disks.base ?? null, disks.bundle ?? null]
            if start != .restore {
                given[MachineCommand.kernel] = owned(
                    try FileDescriptor.open(kernel.image, .readOnly, options: .closeOnExec)
                )
                given[MachineCommand.initramfs] = owned(try HostDescriptors.memoryFile(initramfs))
            }
            if let template {
                given += [qemus, template.memory.descriptor, owned(try template.state.reopened())]
                if start == .restore { try MachineMonitor(descriptor: monitor).restore(from: MachineCommand.state) }
            }
            let process = try await HeldProcess.start(
                guest,
                command(limits, disks, start).words,
                environment: ["PATH": "/usr/bin:/bin"],
                descriptors: given
            )
            complaints.reading.setNonblocking()
            let holder = MicroVMHolder(process: process, complaints: complaints.reading, monitor: monitor)
            return StartedMachine(channel: channel, holder: holder, monitor: MachineMonitor(descriptor: monitor))
        } catch {
            toClose += [channel, monitor, complaints.reading]
            throw error
        }
    }

    /// Boots a machine and saves it as soon as its agent has spoken.
    ///
    /// In place of a bundle it has an empty disk of the same length: nothing of a worker's is in a template that others start
    /// from.
    ///
    /// - Throws: `MachineMonitor.Refused`, and what the system says.
    func makeTemplate(
        _ limits: SandboxLimits,
        base: FileDescriptor,
        hasBundle: Bool,
        within limit: Duration
    ) async throws -> MachineTemplate {
        let template = try MachineTemplate(memory: MachineCommand.size(for: limits.memory))
        let empty = hasBundle ? try MemoryFile(size: MachineImages.bundleLength.bytes).reopened() : nil
        defer { try? empty?.close() }
        let disks = MachineDisks(base: base, bundle: empty)
        let machine = try await start(limits, disks, .bootToBeSaved, template)
        defer { try? machine.channel.close() }
        do {
            // More than that is a complaint.
            guard await machine.firstFrames(within: limit) == [StartedMachine.hello] else {
                throw MachineMonitor.Refused(plainWords: "it did not start: \(await machine.holder.complaint())")
            }
            let state = template.state.descriptor
            try await machine.monitor?.save(to: state, within: limit)
        } catch {
            _ = await machine.holder.destroy(.lost)
            throw error
        }
        _ = await machine.holder.destroy(.lost)
        try template.seal()
        return template
    }
}

extension StartedMachine {
    static let hello = GuestFrame(.hello, payload: [GuestFrame.version])

    /// Waits for what the agent says first, and takes it; nothing where the machine ends, or says nothing in time.
    func firstFrames(within limit: Duration) async -> [GuestFrame] {
        guard await HostDescriptors.isReadable(channel, within: limit) else { return [] }
        var bytes = [UInt8](repeating: 0, count: 256)
        // What cannot be read was not said.
        let count = (try? bytes.withUnsafeMutableBytes { try channel.read(into: $0) }) ?? 0
        var decoder = GuestFrameDecoder()
        decoder.append(bytes.prefix(count))
        var frames: [GuestFrame] = []
        while let frame = (try? decoder.next()).flatMap({ $0 }) { frames.append(frame) }
        return frames
    }
}
